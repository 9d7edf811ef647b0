import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { encodeOnnx } from '../../compile/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { inferenceProgram } from '../../methods/index.ts';
import { floats, node } from '../../nn/graph/operators.cases.ts';
import { quantizedModel } from '../../nn/graph/quantized.cases.ts';
import { exportModel } from './exportModel.ts';
import { normalizationOf, registerModel, withWeights } from './fineTuned.ts';
import type { ModelSettings } from './onnxModel.ts';
import { tinyModel } from './tinyModel.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const S = 32;
const file = (name: string) =>
  new Uint8Array(
    readFileSync(new URL(`../../../test/fixtures/graphs/${name}.onnx`, import.meta.url)),
  );

function modelOf(
  key: string,
  data: Uint8Array,
  { channels = 'rgb', ...more }: Partial<ModelSettings['input'] & ModelSettings['output']> = {},
) {
  const settings: ModelSettings = {
    ...{ model: 'tiny', sha256: key.repeat(64), dimension: 16 },
    input: {
      ...{ size: S, resize: S, fit: 'crop', channels, scale: 1 / 255 },
      ...{ mean: [0.2, 0.4, 0.6], std: [0.3, 0.2, 0.1] },
    },
    output: { name: more.name ?? 'y', pooling: more.pooling ?? 'none' },
  };
  const tensors = { model: { dtype: 'uint8', shape: [data.length], data } } as const;
  return { settings, tensors };
}

const pixels = Uint8Array.from({ length: 2 * 3 * S * S }, (_, i) => (i * 7 + (i % 13) * 19) % 256);

/** Features of two images by the engine, of length 1, with changed weights; and these weights. */
async function changed({ settings, tensors }: ReturnType<typeof modelOf>, dimension = 16) {
  registerModel(settings, tensors);
  const { program, variables } = inferenceProgram({
    encoder: { architecture: 'imported', model: settings.sha256, dimension },
    ...{ normalize: normalizationOf(settings.input), batchSize: 2, size: S },
  });
  const state = Object.fromEntries(
    Object.entries(variables.initialValues(0)).map(([name, values]) => [
      name,
      values.map((value, i) => value * 1.1 + 0.02 * Math.abs(Math.sin(i))),
    ]),
  );
  const executable = await engine.compile(program);
  await executable.writeState(state);
  const { features } = await executable.run({ images: pixels });
  await executable.dispose();
  const rows = [0, 1].flatMap((row) => {
    const part = [...(features as Float32Array).subarray(row * dimension, (row + 1) * dimension)];
    return part.map((value) => value / Math.hypot(...part));
  });
  return { rows, state };
}

/** Features that an exported file gives for the same images. */
async function exported(model: Uint8Array) {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const images = new Tensor(
    'float32',
    Float32Array.from(pixels, (v) => v / 255),
    [2, 3, S, S],
  );
  return (await session.run({ pixel_values: images })).features!.data as Float32Array;
}

describe('a model that was trained further', () => {
  // The ResNet has weights that are Identity nodes of others.
  it.each(['resnet', 'mobilenetv3', 'convnext'])(
    'is written with its weights: %s',
    async (name) => {
      const data = file(name);
      const model = modelOf('c', data);
      const session = await InferenceSession.create(data);
      const images = new Tensor('float32', new Float32Array(3 * S * S), [1, 3, S, S]);
      const dimension = (await session.run({ x: images })).y!.dims[1]!;
      const { rows, state } = await changed(model, dimension);
      const bytes = withWeights(data, state);
      const { settings } = model;
      const tensors = { model: { dtype: 'uint8', shape: [bytes.length], data: bytes } } as const;
      const found = await exported(exportModel({ settings, tensors }).model);
      rows.forEach((value, i) => {
        expect(Math.abs(found[i]! - value), `value ${i}`).toBeLessThan(1e-4);
      });
      const before = await exported(exportModel(model).model);
      expect(Math.max(...rows.map((value, i) => Math.abs(before[i]! - value)))).toBeGreaterThan(
        1e-3,
      );
    },
  );

  it.each([
    ['blue first', {}, { channels: 'bgr' }],
    ['channels last', { order: 'nhwc' }, {}],
    ['a class token', { output: 'class' }, { pooling: 'class' }],
    ['tokens', { output: 'mean' }, { pooling: 'mean' }],
    ['a map', { output: 'map' }, { pooling: 'map' }],
    ['a map with channels last', { output: 'mapLast' }, { pooling: 'mapLast' }],
  ] as const)('takes and gives what the file does: %s', async (_, tiny, about) => {
    const model = modelOf('d', tinyModel(tiny), { name: 'out', ...about });
    const { rows, state } = await changed(model, 8);
    const data = withWeights(model.tensors.model.data, state);
    const tensors = { model: { dtype: 'uint8', shape: [data.length], data } } as const;
    const found = await exported(exportModel({ settings: model.settings, tensors }).model);
    rows.forEach((value, i) => {
      expect(Math.abs(found[i]! - value), `value ${i}`).toBeLessThan(1e-4);
    });
  });

  it('is written with floats in place of whole numbers with scales', async () => {
    const model = modelOf('e', quantizedModel());
    const { rows, state } = await changed(model);
    const data = withWeights(model.tensors.model.data, state);
    expect([...readOnnx(data).initializers.keys()].sort()).toEqual(['b1', 'b2', 'w1', 'w2']);
    const tensors = { model: { dtype: 'uint8', shape: [data.length], data } } as const;
    const found = await exported(exportModel({ settings: model.settings, tensors }).model);
    rows.forEach((value, i) => {
      expect(Math.abs(found[i]! - value), `value ${i}`).toBeLessThan(1e-4);
    });
  });

  it('does not advise to freeze layers below an operator that reads weights alone', () => {
    const data = encodeOnnx({
      name: 'signs',
      nodes: [
        node('LRN', ['w'], { size: 1 }, ['normal']),
        node('Conv', ['x', 'normal'], {}, ['maps']),
        node('GlobalAveragePool', ['maps'], {}, ['pooled']),
        node('Flatten', ['pooled']),
      ],
      constants: [floats('w', [16, 3, 2, 2])],
      inputs: [{ name: 'x', shape: ['batch', 3, S, S], dtype: 'float32' }],
      outputs: [{ name: 'y', dtype: 'float32' }],
    });
    const { settings, tensors } = modelOf('f', data);
    registerModel(settings, tensors);
    const build = () =>
      inferenceProgram({
        encoder: { architecture: 'imported', model: settings.sha256, dimension: 16 },
        ...{ normalize: normalizationOf(settings.input), batchSize: 2, size: S },
      });
    expect(build).toThrow('computes weights from weights, whatever the images are, so');
    expect(build).not.toThrow('Set frozenLayers');
  });

  it('refuses weights that the file does not have', () => {
    const data = file('resnet');
    expect(() => withWeights(data, { 'encoder.other': new Float32Array(3) })).toThrow(
      'the checkpoint has "encoder.other" of 3 values',
    );
    expect(() => withWeights(data, { 'encoder.conv1.weight': new Float32Array(3) })).toThrow(
      'expected a weight of the model',
    );
  });
});
