import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hubCacheFolder, hubPlace } from './hubPlace.ts';

const home = mkdtempSync(join(tmpdir(), 'likeness-hub-home-'));
afterAll(() => rmSync(home, { recursive: true }));

describe('hubCacheFolder', () => {
  it.each<[Record<string, string>, string]>([
    [{}, join(homedir(), '.cache', 'huggingface', 'hub')],
    [{ XDG_CACHE_HOME: '/x' }, join('/x', 'huggingface', 'hub')],
    [{ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, join('/h', 'hub')],
    [{ HF_HOME: '~/h' }, join(homedir(), 'h', 'hub')],
    [{ HF_HUB_CACHE: '/c', HF_HOME: '/h' }, '/c'],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '' }, '/old'],
  ])('%j', (env, expected) => {
    expect(hubCacheFolder(env)).toBe(expected);
  });
});

describe('hubPlace', () => {
  const empty = { HF_HOME: home };

  it('asks the public hub without a token by default', () => {
    const place = hubPlace({ env: empty });
    expect(place).toEqual({
      ...{ endpoint: 'https://huggingface.co', cache: join(home, 'hub'), offline: false },
    });
  });

  it('takes the token of HF_TOKEN, else of the file of the login', () => {
    writeFileSync(join(home, 'token'), 'hf_stored\n');
    writeFileSync(join(home, 'other'), 'hf_other');
    const tokenOf = (env: Record<string, string>) => hubPlace({ env: { ...empty, ...env } }).token;
    expect(tokenOf({})).toBe('hf_stored');
    expect(tokenOf({ HF_TOKEN: ' hf_given\n' })).toBe('hf_given');
    expect(tokenOf({ HF_TOKEN_PATH: join(home, 'other') })).toBe('hf_other');
    expect(tokenOf({ HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).toBeUndefined();
    rmSync(join(home, 'token'));
    mkdirSync(join(home, 'token'));
    expect(tokenOf({})).toBeUndefined();
  });

  it('refuses a token that cannot be sent, without printing it', () => {
    const open = () => hubPlace({ env: { ...empty, HF_TOKEN: 'hf_a\r\nx-secret: 1' } });
    expect(open).toThrow(expect.objectContaining({ code: 'hub.token' }));
    expect(open).not.toThrow(/secret/);
  });

  it.each([
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['https://mirror.example/hub/', 'https://mirror.example/hub'],
  ])('takes HF_ENDPOINT %s', (text, expected) => {
    expect(hubPlace({ env: { ...empty, HF_ENDPOINT: text } }).endpoint).toBe(expected);
  });

  it.each(['hub.example', 'file:///etc', 'https://me:word@hub.example', 'https://a.b/?x'])(
    'refuses HF_ENDPOINT %s',
    (text) => {
      const open = () => hubPlace({ env: { ...empty, HF_ENDPOINT: text } });
      expect(open).toThrow(expect.objectContaining({ code: 'hub.endpoint' }));
      expect(open).not.toThrow(/word/);
    },
  );

  it.each([
    [{ HF_HUB_OFFLINE: '1' }, undefined, true],
    [{ HF_HUB_OFFLINE: 'True' }, undefined, true],
    [{ HF_HUB_OFFLINE: '0' }, undefined, false],
    [{ HF_HUB_OFFLINE: '0' }, true, true],
  ])('is offline with %j and %s: %s', (env, offline, expected) => {
    expect(hubPlace({ env: { ...empty, ...env }, ...(offline && { offline }) }).offline).toBe(
      expected,
    );
  });
});
