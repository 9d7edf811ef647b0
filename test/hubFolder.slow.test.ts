/**
 * Folders of the hub's layout, opened by the real `@huggingface/transformers` without the network.
 *
 * The package comes from the registry as its tarball, and uses the ONNX Runtime and the sharp of
 * this repository: its dependencies would add 450 MB, of which onnxruntime-web is bundled into it.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../src/encoders/models/tinyModel.cases.ts';
import { type ExportedHub, type Model, openEncoder, start } from '../src/likeness.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';

const VERSION = '4.3.2';
const MINUTES = 60_000;
const SIZE = 64;
const IMAGES = 12;
const root = fileURLToPath(new URL('..', import.meta.url));
const examples = join(root, 'examples', 'javascript');
const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const names = Array.from({ length: IMAGES }, (_, i) => `${String(i).padStart(4, '0')}.png`);

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd: workplace.path, encoding: 'utf8' },
    // Any request would fail.
    env: { ...process.env, HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' },
  });
  expect(status, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

/** Puts the package beside the runtime and the decoder of the repository. */
function installTransformers(): void {
  const own = at('node_modules', '@huggingface', 'transformers');
  mkdirSync(join(own, '..'), { recursive: true });
  const packed = spawnSync(
    'npm',
    ['pack', '--prefer-offline', `@huggingface/transformers@${VERSION}`],
    { cwd: workplace.path, encoding: 'utf8' },
  );
  expect(packed.status, packed.stderr).toBe(0);
  run('tar', '-xzf', packed.stdout.trim().split('\n').at(-1)!);
  renameSync(at('package'), own);
  for (const name of ['onnxruntime-node', 'onnxruntime-common', 'sharp']) {
    symlinkSync(join(root, 'node_modules', name), at('node_modules', name), 'junction');
  }
}

/** Images of the size of the model, so that nothing is resized. */
async function writePictures(): Promise<void> {
  await writeTextures(at('small'), IMAGES);
  for (const folder of ['pictures', 'large']) mkdirSync(at(folder));
  for (const name of names) {
    const { data, info } = await sharp(at('small', name))
      .resize(SIZE, SIZE, { kernel: 'nearest' })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const image = sharp(data, { raw: { width, height, channels } }).png();
    await image.clone().toFile(at('pictures', name));
    await image.resize(3 * SIZE, 2 * SIZE, { fit: 'fill' }).toFile(at('large', name));
  }
}

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  installTransformers();
  await writePictures();
  for (const name of readdirSync(examples)) copyFileSync(join(examples, name), at(name));
  writeFileSync(at('tiny.onnx'), tinyModel({ size: SIZE }));
}, 10 * MINUTES);
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

/** Prints features of the pictures as JSON. */
const program = `import { env, pipeline } from '@huggingface/transformers';
env.allowRemoteModels = false;
env.localModelPath = '.';
const [name, dtype, pool] = process.argv.slice(2);
const extract = await pipeline('image-feature-extraction', name, { dtype });
const files = ${JSON.stringify(names)}.map((name) => 'pictures/' + name);
const { data, dims } = await extract(files, { pool: pool === 'pool' });
console.log(JSON.stringify({ data: [...data], dims }));
`;

describe.each([
  ['patches', { encoder: 'patches' }],
  ['model', { encoder: 'tiny.onnx' }],
] as const)('a folder of %s', (name, { encoder }) => {
  let model: Model;
  let hub: ExportedHub;
  const folder = `hub-${name}`;
  beforeAll(async () => {
    model = await start(at('pictures'), {
      encoder: encoder === 'patches' ? encoder : at(encoder),
      out: at(name),
    });
    await model.cluster(at('pictures'), { k: 3 });
    hub = await model.exportHub(at(folder));
    writeFileSync(at('features.mjs'), program);
  }, 5 * MINUTES);

  /** Smallest cosine of the features of an image from transformers.js and from likeness. */
  async function smallestCosine(...args: string[]): Promise<number> {
    const { data, dims } = JSON.parse(run(process.execPath, 'features.mjs', folder, ...args));
    const own = await model.embed(at('pictures'));
    expect(dims).toEqual([IMAGES, own.dimension]);
    const D = own.dimension;
    const cosines = names.map((_, i) => {
      const row: number[] = data.slice(i * D, (i + 1) * D);
      expect(Math.hypot(...row)).toBeCloseTo(1, 4);
      return row.reduce((sum, value, d) => sum + value * own.data[i * D + d]!, 0);
    });
    return Math.min(...cosines);
  }

  it('has the files of the layout', () => {
    expect(hub.files).toEqual([
      'README.md',
      'config.json',
      'onnx/model.onnx',
      'onnx/model_fp16.onnx',
      'onnx/model_quantized.onnx',
      'preprocessor_config.json',
    ]);
    const card = readFileSync(at(folder, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\n# license: /);
    expect(card).toContain('pipeline_tag: image-feature-extraction');
    expect(card).toMatch(/`onnx\/model_quantized.onnx` \| int8 \| [\d.,]+ [kM]B \|/);
    const { id2label } = JSON.parse(readFileSync(at(folder, 'config.json'), 'utf8'));
    expect(id2label).toEqual({ 0: 'cluster 0', 1: 'cluster 1', 2: 'cluster 2' });
  });

  it(
    "gives transformers.js likeness's features, pooled or not",
    async () => {
      expect(await smallestCosine('fp32')).toBeGreaterThan(0.999);
      expect(await smallestCosine('fp32', 'pool')).toBeGreaterThan(0.999);
      expect(await smallestCosine('fp16')).toBeGreaterThan(0.99);
      expect(await smallestCosine('q8')).toBeGreaterThan(0.9);
    },
    5 * MINUTES,
  );

  it('is an encoder of likeness with the same features', async () => {
    const { resample } = JSON.parse(readFileSync(at(folder, 'preprocessor_config.json'), 'utf8'));
    expect(resample).toBe(1);
    // Larger images show that likeness resizes with the filter of the run all the same.
    await using encoder = await openEncoder(at(folder));
    const [large, own] = [await encoder.embed(at('large')), await model.embed(at('large'))];
    for (const [i, value] of large.data.entries()) expect(value).toBeCloseTo(own.data[i]!, 4);
    const [a, b] = [await model.embed(at('pictures')), await encoder.embed(at('pictures'))];
    expect(b.dimension).toBe(a.dimension);
    for (const [i, value] of b.data.entries()) expect(value).toBeCloseTo(a.data[i]!, 4);
  });

  it('is replaced but for its card, and refuses to mix with other files', async () => {
    writeFileSync(at(folder, 'README.md'), 'mine');
    const notes: string[] = [];
    await model.exportHub(at(folder), { onNote: ({ code }) => void notes.push(code) });
    expect(notes).toContain('export.card');
    expect(readFileSync(at(folder, 'README.md'), 'utf8')).toBe('mine');
    for (const other of ['pictures', 'tiny.onnx']) {
      await expect(model.exportHub(at(other))).rejects.toMatchObject({ code: 'export.folder' });
    }
    // An export that was interrupted has no models yet.
    const partial = at(`partial-${name}`);
    mkdirSync(partial);
    copyFileSync(at(folder, 'config.json'), join(partial, 'config.json'));
    expect((await model.exportHub(partial)).files).toEqual(hub.files);
  });

  it(
    'runs the examples',
    async () => {
      const files = names.slice(0, 4).map((file) => join('pictures', file));
      const sorted = run(process.execPath, 'sort-images.mjs', folder, `sorted-${name}`, ...files);
      const assigned = await model.assign(files.map((file) => at(file)));
      for (const [i, { cluster, confidence }] of assigned.entries()) {
        expect(sorted).toContain(
          `${files[i]}: cluster ${cluster}, probability ${confidence.toFixed(3)}`,
        );
        expect(readdirSync(at(`sorted-${name}`, `cluster ${cluster}`))).toContain(names[i]);
      }
      const compared = run(process.execPath, 'transformers-features.mjs', folder, ...files);
      expect(compared).toMatch(/^4 images, \d+ features$/m);
      expect(compared.match(/cosine -?[01]\.\d{4}/g)).toHaveLength(3);
    },
    5 * MINUTES,
  );
});
