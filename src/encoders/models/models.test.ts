import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { featuresOf, normalizeRows } from '../../cluster/index.ts';
import { encodeOnnx, Writer } from '../../compile/index.ts';
import { openPixelReader } from '../../data/reader.ts';
import { renderEvaluationView } from '../../views/index.ts';
import { tinyCache } from '../../views/tinyCache.cases.ts';
import { checkExport } from '../checkExport.ts';
import { featureEncoder } from '../featureEncoders.ts';
import { viewOf } from './imageInput.ts';
import { openModelFile } from './modelFile.ts';
import { ownScale, readModelGraph } from './modelGraph.ts';
import { poolings } from './modelOutput.ts';
import { modelFacts, modelKey } from './onnxModel.ts';
import {
  inHalfPrecision,
  nearestHalf,
  TINY_DIMENSION,
  type TinyModelOptions,
  tinyModel,
  tinyWeights,
  withExternalWeights,
} from './tinyModel.cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-models-'));
const engine = await openEngine({ threads: 1 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const image = { name: 'x', shape: ['b', 3, 8, 8], dtype: 'float32' } as const;

let written = 0;
/** Writes files into a folder of their own and returns its path. */
function filesIn(files: Readonly<Record<string, Uint8Array | object>>): string {
  const own = join(folder, String(written++));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    const text = content instanceof Uint8Array ? content : JSON.stringify(content);
    writeFileSync(join(own, name), text);
  }
  return own;
}
const fileOf = (options: TinyModelOptions) =>
  join(filesIn({ 'tiny.onnx': tinyModel(options) }), 'tiny.onnx');

/** Views [n, 3, s, s] of any colors. */
const viewsOf = (count: number, size: number) =>
  Uint8Array.from({ length: count * 3 * size ** 2 }, (_, i) => (i * 37 + (i >> 4)) & 255);

/** Features of one view by the definition: the mean over patches of a convolution. */
function byHand(
  pixels: Uint8Array,
  size: number,
  scaled: (v: number, c: number) => number,
  { weight: rounded = (value: number) => value } = {},
) {
  const steps = size / 4;
  return Array.from({ length: TINY_DIMENSION }, (_, o) => {
    let sum = 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        for (let c = 0; c < 3; c++) {
          const weight = rounded(tinyWeights[(o * 3 + c) * 16 + (y % 4) * 4 + (x % 4)]!);
          sum += weight * scaled(pixels[(c * size + y) * size + x]!, c);
        }
      }
    }
    return sum / steps ** 2 + rounded(0.01 * o);
  });
}

async function embed(path: string, pixels: Uint8Array): Promise<number[]> {
  const { settings, tensors } = await openModelFile(path);
  const own = featureEncoder({ name: 'model', settings });
  const encoder = await own.open({ engine, size: settings.input.size, tensors });
  const features = [...(await encoder.embedViews(pixels))];
  await encoder.close();
  return features;
}

describe('a bare ONNX file', () => {
  it('gets the usual size and normalization, and notes say so', async () => {
    const { settings, notes } = await openModelFile(fileOf({}));
    expect(settings).toMatchObject({ model: 'tiny', dimension: 8, input: { size: 224 } });
    expect(settings.input.mean).toEqual([0.485, 0.456, 0.406]);
    expect(notes.join(' ')).toContain("ImageNet's mean and deviation are taken");
    expect(notes.join(' ')).toContain('224 px, as usual');
  });

  it('takes the size that it is fixed to', async () => {
    const { settings, notes } = await openModelFile(fileOf({ size: 32, scale: 'fractions' }));
    expect(settings.input).toMatchObject({ size: 32, resize: 32, fit: 'crop' });
    expect(notes).toHaveLength(1);
  });

  it.each([
    ['none', 'none'],
    ['divided', 'bytes'],
    ['fractions', 'fractions'],
    ['folded', 'fractions'],
    ['foldedBytes', 'bytes'],
  ] as const)('with normalization "%s" takes %s', (scale, expected) => {
    expect(ownScale(readModelGraph(tinyModel({ scale }))!, 'x')).toBe(expected);
  });

  it('gives the features of the definition', async () => {
    const pixels = viewsOf(1, 32);
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const features = await embed(fileOf({ size: 32 }), pixels);
    const expected = byHand(pixels, 32, (v, c) => (v / 255 - mean[c]!) / std[c]!);
    features.forEach((value, d) => {
      expect(value).toBeCloseTo(expected[d]!, 4);
    });
  });

  it('gives the same features with the channels last, and one at a time', async () => {
    const pixels = viewsOf(3, 32);
    const features = await embed(fileOf({ size: 32 }), pixels);
    expect(features).toHaveLength(3 * TINY_DIMENSION);
    for (const options of [{ order: 'nhwc' }, { batch: 1 }, { batch: 2 }] as const) {
      const others = await embed(fileOf({ size: 32, ...options }), pixels);
      others.forEach((value, d) => {
        expect(value).toBeCloseTo(features[d]!, 5);
      });
    }
  });

  it('may have its weights in other files of its folder', async () => {
    const pixels = viewsOf(2, 32);
    const { model, weights } = withExternalWeights(tinyModel({ size: 32 }), 'a.onnx_data');
    const path = join(filesIn({ 'a.onnx': model, 'a.onnx_data': weights }), 'a.onnx');
    expect(await embed(path, pixels)).toEqual(await embed(fileOf({ size: 32 }), pixels));
  });

  it('may take, hold and give half-precision floats', async () => {
    const pixels = viewsOf(2, 32);
    const own = filesIn({ 'half.onnx': inHalfPrecision(tinyModel({ size: 32 })) });
    const { notes, settings, tensors } = await openModelFile(join(own, 'half.onnx'));
    expect(notes).toContain(
      'It is stored in half precision and runs in float32, with the same weights.',
    );
    const found = await embed(join(own, 'half.onnx'), pixels);
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const scaled = (v: number, c: number) => (v / 255 - mean[c]!) / std[c]!;
    for (const row of [0, 1]) {
      const view = pixels.subarray(row * 3 * 32 ** 2);
      const expected = byHand(view, 32, scaled, { weight: nearestHalf });
      expected.forEach((value, d) => {
        expect(found[row * TINY_DIMENSION + d]!).toBeCloseTo(value, 5);
      });
    }
    // A run opens what it stores without another conversion.
    const again = filesIn({ 'half.onnx': tensors.model!.data as Uint8Array });
    const reopened = await openModelFile(join(again, 'half.onnx'));
    const { files: _, ...rest } = settings;
    expect(reopened.settings).toMatchObject(rest);
    expect(reopened.notes).toHaveLength(notes.length - 1);
  });

  it.each([
    ['that is missing', 'b.data', 'b.data, which is not beside it'],
    ['out of the folder', '../b.data', 'out of its folder'],
    ['with an absolute path', '/etc/passwd', 'out of its folder'],
    ['that is too short', 'short.data', 'which has 10 bytes'],
  ])('is refused with weights in a file %s', async (_, location, reason) => {
    const { model } = withExternalWeights(tinyModel({ size: 32 }), location);
    const own = filesIn({ 'a.onnx': model, 'short.data': new Uint8Array(10) });
    await expect(openModelFile(join(own, 'a.onnx'))).rejects.toThrow(reason);
  });

  it.each([
    ['a missing file', () => join(folder, 'none.onnx'), 'does not exist'],
    ['a folder without a model', () => filesIn({ 'config.json': {} }), 'holds no model'],
    ['other bytes', () => join(filesIn({ 'a.onnx': { a: 1 } }), 'a.onnx'), 'cannot be'],
  ])('is refused in a sentence: %s', async (_, path, reason) => {
    await expect(openModelFile(path())).rejects.toMatchObject({ code: 'encoder.file' });
    await expect(openModelFile(path())).rejects.toThrow(reason);
  });

  it('is refused with weights in a file that it does not name', async () => {
    const outside = (graph: Writer) =>
      graph.message(5, (tensor) => tensor.integer(2, 1).text(8, 'weight').integer(14, 1));
    const bytes = new Writer().message(7, outside).finish();
    const file = join(filesIn({ 'outside.onnx': bytes }), 'outside.onnx');
    await expect(openModelFile(file)).rejects.toThrow('its weights lie in "", out of its folder');
  });

  it.each([
    ['an input of another type', { inputs: [{ ...image, dtype: 'float64' }] }],
    ['a second input', { inputs: [image, { name: 'text', shape: ['b', 8], dtype: 'int32' }] }],
    ['images that are not square', { inputs: [{ ...image, shape: ['b', 3, 8, 16] }] }],
  ] as const)('is refused with %s', async (_, { inputs }) => {
    const outputs = inputs.map((value, i) => ({ ...value, name: `out${i}` }));
    const nodes = inputs.map(({ name }, i) => ({
      ...{ type: 'Identity', inputs: [name], outputs: [`out${i}`], attributes: {}, domain: '' },
    }));
    const bytes = encodeOnnx({ name: 'odd', nodes, constants: [], inputs, outputs });
    const file = join(filesIn({ 'odd.onnx': bytes }), 'odd.onnx');
    await expect(openModelFile(file)).rejects.toMatchObject({ code: 'encoder.input' });
  });

  it('is refused for outputs and sizes that it has not', async () => {
    const file = fileOf({ size: 32 });
    await expect(openModelFile(file, { output: 'other' })).rejects.toThrow('expected one of out');
    await expect(openModelFile(file, { input: { size: 64 } })).rejects.toThrow('expected 32');
  });
});

describe('a folder of a hub', () => {
  it('is used as its preprocessor_config.json says', async () => {
    const preprocessor_config = {
      ...{ do_center_crop: true, crop_size: { height: 32, width: 32 } },
      ...{ size: { shortest_edge: 36 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
    };
    const path = filesIn({
      'onnx/model.onnx': tinyModel(),
      'preprocessor_config.json': preprocessor_config,
    });
    const { settings, notes } = await openModelFile(path);
    expect(settings.input).toMatchObject({
      size: 32,
      resize: 36,
      fit: 'crop',
      mean: [0.5, 0.5, 0.5],
    });
    expect(settings.model).toBe(path.split('/').at(-1));
    expect(notes).toHaveLength(1);
  });

  it('is resized with the kernel of its preprocessor_config.json', async () => {
    const folders = [2, 3].map((resample) =>
      filesIn({
        'model.onnx': tinyModel(),
        'preprocessor_config.json': {
          ...{ size: { height: 32, width: 32 }, resample },
          ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
        },
      }),
    );
    const cache = tinyCache(5);
    const features = folders.map(async (path) => {
      const { settings, tensors } = await openModelFile(path);
      const own = featureEncoder({ name: 'model', settings });
      const encoder = await own.open({ engine, size: 32, tensors });
      const { data } = await encoder.embed({ cache });
      const reader = openPixelReader(cache);
      const view = { width: 32, height: 32, data: new Uint8Array(3 * 32 ** 2) };
      renderEvaluationView(reader.read(3), view, { ...viewOf(settings.input) });
      reader.close();
      const alone = await encoder.embedViews(view.data);
      await encoder.close();
      expect([...data.subarray(3 * TINY_DIMENSION, 4 * TINY_DIMENSION)]).toEqual([...alone]);
      return {
        data: [...data],
        key: JSON.stringify(modelKey(settings)),
        facts: modelFacts(settings),
      };
    });
    const [bilinear, bicubic] = await Promise.all(features);
    expect(bicubic!.data).not.toEqual(bilinear!.data);
    expect(bicubic!.key).not.toBe(bilinear!.key);
    expect(bicubic!.facts.images).toBe('both sides to 32 px, bicubic, central square of 32 px');
    rmSync(dirname(cache.file), { recursive: true });
  });

  it('names the file whose preprocessor is damaged', async () => {
    const path = filesIn({
      'model.onnx': tinyModel(),
      'preprocessor_config.json': { size: 'large' },
    });
    await expect(openModelFile(path)).rejects.toMatchObject({ code: 'encoder.preprocessor' });
  });
});

describe('exported again, a model gives the same features', () => {
  const cases: TinyModelOptions[] = [
    ...poolings.map((output) => ({ output, size: 16 })),
    { order: 'nhwc', size: 32 },
    { scale: 'divided', size: 32 },
    { name: 'features', input: 'pixel_values' },
    { name: 'pixel_values', input: 'features', size: 32 },
  ];
  it.each(cases)('%o', async (options) => {
    const { settings, tensors } = await openModelFile(fileOf(options), {
      input: options.size === undefined ? { size: 32 } : {},
    });
    const { input, output } = settings;
    if (options.output) expect(output.pooling).toBe(options.output);
    const own = featureEncoder({ name: 'model', settings });
    const encoder = await own.open({ engine, size: input.size, tensors });
    const pixels = viewsOf(3, input.size);
    const raw = featuresOf(await encoder.embedViews(pixels), encoder.dimension);
    await encoder.close();
    const expected = normalizeRows(raw).data;
    const { model, size } = own.exportOnnx({ size: input.size, tensors });
    const file = join(filesIn({ 'encoder.onnx': model }), 'encoder.onnx');
    const check = await checkExport(file, { pixels, expected, count: 3, size });
    expect(check.features).toBeLessThan(1e-5);
    // An exported file is opened again without assumptions.
    const again = await openModelFile(file);
    expect(again.settings.input).toMatchObject({ size, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(again.notes).toHaveLength(1);
  });

  it('with blue first', async () => {
    const file = fileOf({ size: 32 });
    const { settings, tensors } = await openModelFile(file, { input: { channels: 'bgr' } });
    const own = featureEncoder({ name: 'model', settings });
    const encoder = await own.open({ engine, size: 32, tensors });
    const pixels = viewsOf(3, 32);
    const raw = featuresOf(await encoder.embedViews(pixels), encoder.dimension);
    await encoder.close();
    const { model, size } = own.exportOnnx({ size: 32, tensors });
    const to = join(filesIn({ 'encoder.onnx': model }), 'encoder.onnx');
    const expected = normalizeRows(raw).data;
    const check = await checkExport(to, { pixels, expected, count: 3, size });
    expect(check.features).toBeLessThan(1e-5);
    const plain = await embed(file, pixels);
    expect([...raw.data].some((value, i) => Math.abs(value - plain[i]!) > 1e-3)).toBe(true);
  });
});
