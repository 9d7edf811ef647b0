/** Listings that are wrong or hostile: nothing is stored, and one sentence says what came. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxFilesOf } from './hubFiles.ts';
import { COMMIT, startHub } from './hubServer.cases.ts';
import { MODEL_BYTES, useHub, usualRepo } from './hubTest.cases.ts';

const hub = useHub();
const { open, downloads } = hub;

describe('another content than the listing says', () => {
  it.each<[string, object, boolean, RegExp]>([
    [
      ...(['another SHA-256', { checksum: 'f'.repeat(64) }, true] as const),
      /sends another onnx\/model\.onnx than its checksum ffffffffffff… stands for\. Try again/,
    ],
    [
      ...(['more bytes', { size: 1000 }, true] as const),
      /lists onnx\/model\.onnx with 1000 bytes and sends more\./,
    ],
    [
      ...(['fewer bytes', { size: 400_000 }, true] as const),
      /breaks off onnx\/model\.onnx \(it ends after 300\.0 kB of 400\.0 kB\)\./,
    ],
    [
      ...(['an endless size', { size: 2 ** 50 }, true] as const),
      /lists onnx\/model\.onnx with 1125899906842624 bytes; expected at most 2 GiB\./,
    ],
    [
      ...(['a size below zero', { size: -1 }, true] as const),
      /answers with another form of 0.* than a hub/,
    ],
    [
      ...(['a path as checksum', { checksum: '../../x' }, true] as const),
      /lists onnx\/model\.onnx without a checksum; expected SHA-256 or git's SHA-1/,
    ],
    [
      ...(["another SHA-1 of git's", { checksum: 'f'.repeat(40) }, false] as const),
      /sends another onnx\/model\.onnx than its checksum/,
    ],
  ])('%s', async (_name, listed, isLarge, message) => {
    const repo = usualRepo();
    repo.files['onnx/model.onnx'] = { bytes: MODEL_BYTES, isLarge, listed };
    hub.server.repos['acme/tiny'] = repo;
    const { error } = await open('hub:acme/tiny');
    expect(error?.name).toBe('LikenessError');
    expect(error?.message).toMatch(message);
    expect(error?.message).toMatch(
      /^encoder: received hub:acme\/tiny, for which 127\.0\.0\.1:\d+ /,
    );
    expect(existsSync(join(hub.cache, 'models--acme--tiny', 'snapshots', COMMIT, 'onnx'))).toBe(
      false,
    );
  });

  it('is refused above 2 GiB with the weights in other files', async () => {
    const repo = usualRepo();
    for (const name of ['onnx/model.onnx_data', 'onnx/model.onnx_data_1']) {
      repo.files[name] = { bytes: MODEL_BYTES, isLarge: true, listed: { size: 2 ** 30 } };
    }
    hub.server.repos['acme/tiny'] = repo;
    const { error } = await open('hub:acme/tiny');
    expect(error?.message).toMatch(/lists the model with 2147\d+ bytes in all; .* at most 2 GiB/);
    expect(downloads()).toBe(0);
  });

  it('has names of others that lead out of the folder, which are not looked at', async () => {
    const repo = usualRepo();
    const hostile = ['../x.onnx', '/etc/x.onnx', 'C:\\x.onnx', 'a/../../x.onnx', 'x\0.onnx'];
    hub.server.repos['acme/tiny'] = { ...repo, names: hostile };
    expect((await open('hub:acme/tiny')).error).toBeUndefined();
    expect(onnxFilesOf(hostile)).toEqual([]);
    hub.server.repos['acme/tiny'] = { files: {}, names: hostile, commit: 'd'.repeat(40) };
    const { error } = await open('hub:acme/tiny');
    expect(error?.message).toMatch(/lists no ONNX file; expected one\./);
  });

  it.each([
    ['a page', '<html>'],
    ['another object', '{"id":"acme/tiny"}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a commit with a path', '{"sha":"../../../etc","siblings":[]}'],
  ])('is refused for %s', async (_name, body) => {
    hub.server.fault = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(body);
      return true;
    };
    const { error } = await open('hub:acme/tiny');
    expect(error).toMatchObject({ name: 'LikenessError', code: 'hub.damaged' });
    expect(error!.message).toContain('Check HF_ENDPOINT.');
  });

  it('is refused where another commit comes than the one asked for', async () => {
    const other = await startHub({ 'acme/tiny': usualRepo() });
    const pinned = 'e'.repeat(40);
    other.fault = ({ url = '' }, response) => {
      if (!url.includes(pinned)) return false;
      response.writeHead(307, { location: url.replace(pinned, COMMIT) });
      response.end();
      return true;
    };
    const { error } = await open(`hub:acme/tiny@${pinned}`, {
      env: { HF_ENDPOINT: other.endpoint },
    });
    await other.close();
    expect(error).toMatchObject({ code: 'hub.damaged' });
    expect(error!.message).toContain('expected the commit that was asked for');
  });
});
