import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { COMMIT, startHub } from './hubServer.cases.ts';
import { isModel, MODEL_BYTES, useHub, usualRepo } from './hubTest.cases.ts';

const hub = useHub();
const { open, downloads } = hub;
const repoPath = (...names: string[]) => join(hub.cache, 'models--acme--tiny', ...names);

describe('openHubModel', () => {
  it('downloads the needed files into the layout of the hub’s tools', async () => {
    const { model, notes, error } = await open('hub:acme/tiny');
    expect(error).toBeUndefined();
    expect(model).toMatchObject({
      path: repoPath('snapshots', COMMIT, 'onnx', 'model.onnx'),
      source: {
        ...{ id: 'hub:acme/tiny', commit: COMMIT, file: 'onnx/model.onnx', license: 'apache-2.0' },
      },
    });
    expect(isModel(model)).toBe(true);
    expect(lstatSync(model!.path).isSymbolicLink()).toBe(true);
    expect(readFileSync(repoPath('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(repoPath('snapshots', COMMIT)).sort()).toEqual([
      ...['README.md', 'config.json', 'onnx', 'preprocessor_config.json'],
    ]);
    expect(readdirSync(repoPath('blobs'))).toHaveLength(4);
    expect(notes[0]).toMatch(/^hub:acme\/tiny: downloading 300\.0 kB \(onnx\/model\.onnx and 3/);
    expect(notes[0]).toContain(`Commit ${COMMIT}, license apache-2.0.`);
  });

  it('tells size and license before the first byte, and counts the bytes', async () => {
    const { notes, progress } = await open('hub:acme/tiny', {
      onProgress: (text) =>
        text.startsWith('downloading') && expect(downloads()).toBeGreaterThan(0),
    });
    expect(notes).toHaveLength(1);
    const counted = progress.filter(({ done }) => done !== undefined);
    expect(counted.at(-1)).toMatchObject({ done: counted[0]!.total });
    const done = counted.map((event) => event.done!);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  it('asks for nothing where the commit is cached, and for the commit alone of a branch', async () => {
    await open('hub:acme/tiny');
    hub.server.seen.length = 0;
    const pinned = await open(`hub:acme/tiny@${COMMIT}`);
    expect(pinned.model?.source.file).toBe('onnx/model.onnx');
    expect(hub.server.seen).toEqual([]);
    const branch = await open('hub:acme/tiny@main');
    expect([branch.model?.source.commit, branch.notes]).toEqual([COMMIT, []]);
    expect(hub.server.seen.map(({ path }) => path.split('?')[0])).toEqual([
      '/api/models/acme/tiny/revision/main',
    ]);
  });

  it('downloads what a new commit changes, and nothing else', async () => {
    await open('hub:acme/tiny');
    const repo = usualRepo();
    repo.files['config.json'] = { bytes: Buffer.from('{"a":1}') };
    hub.server.repos['acme/tiny'] = { ...repo, commit: 'b'.repeat(40) };
    hub.server.seen.length = 0;
    const { model } = await open('hub:acme/tiny');
    expect(model?.source.commit).toBe('b'.repeat(40));
    expect(downloads()).toBe(1);
    const old = await open(`hub:acme/tiny@${COMMIT}`, { offline: true });
    expect(old.model?.path).toContain(COMMIT);
  });

  it('may be called several times at once', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => open('hub:acme/tiny')));
    expect(opened.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(opened.every(({ model }) => isModel(model))).toBe(true);
    expect(readdirSync(repoPath('blobs')).filter((name) => name.includes('.'))).toEqual([]);
  });

  it('takes a named variant, and the image part of a model of images and texts', async () => {
    const variant = await open('hub:acme/tiny#onnx/model_quantized.onnx');
    expect(variant.model?.source.file).toBe('onnx/model_quantized.onnx');
    expect(readFileSync(variant.model!.path)).toHaveLength(1000);
    expect(downloads('onnx/model.onnx')).toBe(0);
    const repo = usualRepo();
    repo.files['onnx/vision_model.onnx'] = repo.files['onnx/model_quantized.onnx']!;
    hub.server.repos['acme/tiny'] = { ...repo, commit: 'c'.repeat(40) };
    const { model } = await open('hub:acme/tiny');
    expect(model?.source.file).toBe('onnx/vision_model.onnx');
  });

  it('takes the only ONNX file under any name', async () => {
    hub.server.repos['acme/tiny'] = {
      files: { 'dinov2_vits14.onnx': { bytes: MODEL_BYTES, isLarge: true } },
    };
    const { model, notes } = await open('hub:acme/tiny');
    expect(model?.source).toEqual({
      ...{ id: 'hub:acme/tiny', commit: COMMIT, file: 'dinov2_vits14.onnx' },
    });
    expect(notes[0]).toContain('license not stated');
    const again = await open(`hub:acme/tiny@${COMMIT}`);
    expect(again.model?.path).toBe(model?.path);
    expect((await open('hub:acme/tiny', { offline: true })).model?.path).toBe(model?.path);
  });

  it('downloads the files of weights that lie beside the model', async () => {
    const repo = usualRepo();
    repo.files['onnx/model.onnx_data'] = { bytes: MODEL_BYTES.subarray(1), isLarge: true };
    repo.files['onnx/model_quantized.onnx_data'] = { bytes: MODEL_BYTES, isLarge: true };
    hub.server.repos['acme/tiny'] = repo;
    const { model } = await open('hub:acme/tiny');
    expect(readFileSync(`${model!.path}_data`)).toHaveLength(MODEL_BYTES.length - 1);
    expect(downloads('model.onnx_data')).toBe(1);
    expect(downloads('model_quantized.onnx_data')).toBe(0);
  });

  it('states the license of the model that an export was made from', async () => {
    const { license: _, ...repo } = usualRepo();
    repo.files['README.md'] = { bytes: Buffer.from('---\nbase_model: acme/base\n---\n') };
    hub.server.repos['acme/tiny'] = { ...repo, base: 'acme/base' };
    hub.server.repos['acme/base'] = { files: {}, license: 'mit' };
    const licenseOf = async (options?: object) =>
      (await open('hub:acme/tiny', options)).model?.source.license;
    expect(await licenseOf()).toBe('mit (of acme/base)');
    delete hub.server.repos['acme/base'];
    expect(await licenseOf()).toBe('that of acme/base');
    expect(await licenseOf({ offline: true })).toBe('that of acme/base');
  });

  it('reads the cache alone offline', async () => {
    const away = await open('hub:acme/tiny', { offline: true });
    expect(away.error).toMatchObject({ code: 'hub.offline' });
    expect(hub.server.seen).toEqual([]);
    await open('hub:acme/tiny');
    hub.server.seen.length = 0;
    const { model } = await open('hub:acme/tiny', { env: { HF_HUB_OFFLINE: '1' } });
    expect(model?.source).toMatchObject({ commit: COMMIT, license: 'apache-2.0' });
    const other = await open('hub:acme/tiny#onnx/model_quantized.onnx', { offline: true });
    expect(other.error?.message).toContain('of which the cache has onnx/model.onnx');
    expect(hub.server.seen).toEqual([]);
  });

  it('uses the cached commit where the hub cannot be reached, with a warning', async () => {
    await open('hub:acme/tiny');
    hub.server.fault = (_request, response) => {
      response.destroy();
      return true;
    };
    const { model, warnings } = await open('hub:acme/tiny');
    expect(model?.source.commit).toBe(COMMIT);
    expect(warnings[0]).toMatch(/cannot be asked now\. The cached commit aaaaaaaaaaaa is used\.$/);
  });

  it('reads a cache that another tool of the hub has filled', async () => {
    const snapshot = repoPath('snapshots', COMMIT);
    mkdirSync(join(snapshot, 'onnx'), { recursive: true });
    mkdirSync(repoPath('refs'));
    writeFileSync(repoPath('refs', 'main'), COMMIT);
    writeFileSync(join(snapshot, 'onnx', 'model.onnx'), MODEL_BYTES);
    const { model } = await open('hub:acme/tiny', { offline: true });
    expect(model).toMatchObject({ path: join(snapshot, 'onnx', 'model.onnx') });
    // Its description is not cached, so that it is fetched as soon as that is allowed.
    await open(`hub:acme/tiny@${COMMIT}`);
    expect(downloads('preprocessor_config.json')).toBe(1);
    expect(downloads('model.onnx')).toBe(0);
  });
});

describe('the cache', () => {
  it('is read by the hub’s own tools', async () => {
    const { model } = await open('hub:acme/tiny');
    const { downloadFileToCacheDir, scanCacheDir } = await import('@huggingface/hub');
    const { repos, warnings } = await scanCacheDir(hub.cache);
    expect(warnings).toEqual([]);
    expect(repos).toMatchObject([
      { id: { name: 'acme/tiny', type: 'model' }, revisions: [{ refs: ['main'] }] },
    ]);
    const found = await downloadFileToCacheDir({
      ...{ repo: 'acme/tiny', path: 'onnx/model.onnx', revision: COMMIT, cacheDir: hub.cache },
      fetch: () => Promise.reject(new Error('asked')),
    });
    expect(found).toBe(model!.path);
  });
});

describe('the token', () => {
  it('goes to the endpoint alone, and not to the host of a redirect', async () => {
    const storage = await startHub(hub.server.repos);
    hub.server.repos['acme/tiny'] = { ...usualRepo(), token: 'my-own-token' };
    storage.repos['acme/tiny'] = usualRepo();
    hub.server.storage = storage.endpoint;
    const { model, error } = await open('hub:acme/tiny', { env: { HF_TOKEN: 'my-own-token' } });
    await storage.close();
    expect(error).toBeUndefined();
    expect(readFileSync(model!.path)).toHaveLength(MODEL_BYTES.length);
    expect(hub.server.seen.map(({ authorization }) => authorization)).toEqual(
      hub.server.seen.map(() => 'Bearer my-own-token'),
    );
    expect(storage.seen).toHaveLength(1);
    expect(storage.seen[0]!.authorization).toBeUndefined();
  });

  it('is kept by redirects within the endpoint', async () => {
    hub.server.repos['acme/new'] = { ...usualRepo(), token: 'hf_x' };
    hub.server.fault = ({ url = '' }, response, bytes) => {
      if (bytes || !url.includes('/acme/tiny/')) return false;
      response.writeHead(307, { location: url.replace('/acme/tiny/', '/acme/new/') });
      response.end();
      return true;
    };
    const { model } = await open('hub:acme/tiny', { env: { HF_TOKEN: 'hf_x' } });
    delete hub.server.repos['acme/new'];
    expect(model?.source.commit).toBe(COMMIT);
  });
});

describe('a proxy', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is used where the environment names one, unless NO_PROXY excepts the host', async () => {
    const tunnels: string[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url!);
      const [host, port] = request.url!.split(':');
      const target = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('http_proxy', undefined);
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', undefined);
    expect((await open('hub:acme/tiny')).error).toBeUndefined();
    expect(new Set(tunnels)).toEqual(new Set([new URL(hub.server.endpoint).host]));
    tunnels.length = 0;
    rmSync(hub.cache, { recursive: true });
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    expect((await open('hub:acme/tiny')).error).toBeUndefined();
    expect(tunnels).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe('a port without a hub', () => {
  it('is told with the reason', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { error } = await open('hub:acme/tiny', {
      env: { HF_ENDPOINT: `http://127.0.0.1:${port}` },
    });
    expect(error).toMatchObject({ code: 'hub.unreachable' });
    expect(error!.message).toContain(`cannot be reached (connect ECONNREFUSED 127.0.0.1:${port})`);
  });
});
