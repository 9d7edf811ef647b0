import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { knownModels, parseHubId } from './hub/index.ts';
import { tinyModel } from './models/tinyModel.cases.ts';
import { modelsInCache, modelsInFolder, type StoredModel } from './storedModels.ts';

const root = mkdtempSync(join(tmpdir(), 'likeness-stored-'));
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, content: Uint8Array | string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

async function listed(models: AsyncIterable<StoredModel>): Promise<StoredModel[]> {
  const found: StoredModel[] = [];
  for await (const model of models) found.push(model);
  return found;
}

const OLD = '1'.repeat(40);
const NEW = '2'.repeat(40);

describe('modelsInCache', () => {
  it('names each file as it is named for an encoder, with its facts', async () => {
    const cache = join(root, 'cache');
    const repo = 'cache/models--acme--tiny';
    const model = tinyModel({ size: 32, isStated: true });
    for (const commit of [OLD, NEW]) {
      write(`${repo}/snapshots/${commit}/onnx/model.onnx`, model);
    }
    write(
      `${repo}/snapshots/${NEW}/onnx/model_int8.onnx`,
      tinyModel({ output: 'map', isStated: true }),
    );
    write(`${repo}/snapshots/${NEW}/preprocessor_config.json`, '{"size": 64}');
    write(`${repo}/snapshots/${NEW}/README.md`, '---\r\nlicense: mit\r\n---\r\n');
    write(`${repo}/refs/main`, NEW);
    write('cache/models--acme--half/blobs/x.incomplete', '');
    write('cache/datasets--acme--data/refs/main', NEW);
    write('cache/version.txt', '1');
    symlinkSync('../nothing', join(root, repo, 'snapshots', NEW, 'gone.onnx'));
    const found = await listed(modelsInCache(cache));
    expect(found).toEqual([
      {
        encoder: `hub:acme/tiny@${OLD}`,
        file: join(cache, 'models--acme--tiny', 'snapshots', OLD, 'onnx', 'model.onnx'),
        ...{ commit: OLD, bytes: model.length, imageSize: 32, dimension: 8 },
      },
      expect.objectContaining({ encoder: 'hub:acme/tiny', commit: NEW, license: 'mit' }),
      expect.objectContaining({
        encoder: 'hub:acme/tiny#onnx/model_int8.onnx',
        imageSize: 64,
        dimension: 8,
      }),
    ]);
  });

  it('is empty without a cache', async () => {
    expect(await listed(modelsInCache(join(root, 'none')))).toEqual([]);
  });
});

describe('modelsInFolder', () => {
  it('lists ONNX files, and says why some cannot be encoders', async () => {
    const good = write(
      'folder/a.onnx',
      tinyModel({ order: 'nhwc', size: 32, output: 'class', isStated: true }),
    );
    const damaged = write('folder/deep/b.ONNX', 'no model');
    const described = write('folder/deep/c/model.onnx', tinyModel());
    write('folder/deep/c/preprocessor_config.json', '{"size": "wide"}');
    write('folder/.hidden/d.onnx', tinyModel());
    write('folder/node_modules/e.onnx', tinyModel());
    const found = await listed(modelsInFolder(join(root, 'folder')));
    expect(found.map(({ file }) => file)).toEqual([good, damaged, described]);
    expect(found[0]).toMatchObject({ imageSize: 32, dimension: 8 });
    expect(found[0]).not.toHaveProperty('reason');
    expect(found[1]!.reason).toContain('no ONNX model');
    expect(found[2]!.reason).toContain('"size"');
  });

  it.each(['none', 'folder/a.onnx'])('refuses %s', async (path) => {
    await expect(modelsInFolder(join(root, path)).next()).rejects.toMatchObject({
      code: 'encoder.folder',
    });
  });
});

describe('knownModels', () => {
  it.each(knownModels)('$id has an id and facts that fit', (model) => {
    expect(parseHubId(model.id).file).toBeUndefined();
    expect(model.file).toMatch(/^onnx\/(vision_)?model\.onnx$/);
    expect(model.bytes).toBeGreaterThan(1e6);
    expect(model.license).toMatch(/^(Apache-2\.0|MIT)$/);
  });

  it('are in the order of their size', () => {
    const sizes = knownModels.map(({ bytes }) => bytes);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });
});
