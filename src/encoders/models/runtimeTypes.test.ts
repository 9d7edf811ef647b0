/** Models with operators that have no gradient here, trained above them. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { createVariables, type EncoderOptions, encode, type Mode } from '../../nn/index.ts';
import { constant, gradients, input, mul, sum } from '../../tensor/index.ts';
import { registerModel, registerRuntimeTypes } from './fineTuned.ts';
import { floats, oddModel, values } from './oddModel.cases.ts';
import type { ModelSettings } from './onnxModel.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const S = 8;
async function run(bytes: Uint8Array, pixels: Float32Array, shape: number[]) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new OrtTensor('float32', pixels, shape) });
  await session.release();
  return y!.data as Float32Array;
}

function modelOf(key: string, data = oddModel()) {
  const settings: ModelSettings = {
    ...{ model: 'odd', sha256: key.repeat(64), dimension: 5 },
    input: {
      ...{ size: S, resize: S, fit: 'crop', channels: 'rgb', scale: 1 / 255 },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
    output: { name: 'y', pooling: 'none' },
  };
  const tensors = { model: { dtype: 'uint8', shape: [data.length], data } } as const;
  return { settings, tensors };
}

const built = (key: string, frozenLayers: number, { batch = 4, side = S, mode = 'train' } = {}) => {
  const encoder = {
    ...{ architecture: 'imported', model: key.repeat(64), dimension: 5, frozenLayers },
  } as EncoderOptions;
  const variables = createVariables({ mode: mode as Mode });
  const y = encode(variables, input('x', [batch, 3, side, side]), encoder);
  return { variables, y };
};

describe('operators without a gradient', () => {
  it('are named with the frozenLayers that let them run as they are', () => {
    const { settings, tensors } = modelOf('1');
    registerModel(settings, tensors);
    expect(() => built('1', 0)).toThrow(
      'node "normal" (LRN): the operator cannot be trained. It reads "maps" [4, 4, 8, 8] of node ' +
        '"maps" (Conv). Set frozenLayers=0.5 or more (`settings`): the first 1 of 2 layers stay',
    );
  });

  it.each([
    [4, S],
    [5, 2 * S],
  ])('run below what is trained: batch %d of %d px', async (batch, side) => {
    const { settings, tensors } = modelOf('2');
    registerModel(settings, tensors);
    await registerRuntimeTypes(settings, tensors, [S, 2 * S]);
    const { variables, y } = built('2', 0.5, { batch, side });
    expect(y.shape).toEqual([batch, 5]);
    expect(variables.parameters().map(({ name }) => name)).toEqual(['encoder.w2']);
    const w2 = variables.parameters()[0]!.tensor;
    const cotangent = values(batch * 5, 0.4);
    const [dw] = gradients(sum(mul(y, constant(cotangent, y.shape))), [w2]);
    const executable = await engine.compile({
      outputs: { y, dw: dw! },
      state: [...variables.parameters(), ...variables.buffers()].map(({ tensor }) => ({
        current: tensor,
      })),
    });
    await executable.writeState(variables.initialValues(0));
    const shape = [batch, 3, side, side];
    const pixels = values(batch * 3 * side ** 2, 0.7);
    const found = await executable.run({ x: pixels });
    await executable.dispose();
    const expected = await run(oddModel(), pixels, shape);
    expected.forEach((value, i) => {
      expect(found.y![i]!, `y[${i}]`).toBeCloseTo(value, 4);
    });
    // The loss is linear in the last weights, so one difference of ONNX Runtime is exact.
    const direction = values(20, 1.9);
    const w = floats('w2', [5, 4, 1, 1], 2);
    const moved = { ...w, data: w.data.map((value, i) => value + direction[i]!) };
    const other = await run(oddModel(moved), pixels, shape);
    const loss = (out: Float32Array) => out.reduce((total, v, i) => total + v * cotangent[i]!, 0);
    const slope = (found.dw as Float32Array).reduce((total, g, i) => total + g * direction[i]!, 0);
    expect(slope).toBeCloseTo(loss(other) - loss(expected), 2);
    expect(Math.abs(slope)).toBeGreaterThan(0.1);
  });

  it('are refused where nothing above them is left, and for sides that were not tried', async () => {
    const { settings, tensors } = modelOf('3');
    registerModel({ ...settings, output: { name: 'large', pooling: 'map' } }, tensors);
    expect(() => built('3', 0)).toThrow('It follows all 1 layers, so nothing is left');
    registerModel(settings, tensors);
    await registerRuntimeTypes(settings, tensors, [S]);
    expect(() => built('3', 0.5, { side: 12 })).toThrow('node "normal" (LRN)');
    await expect(registerRuntimeTypes(settings, tensors, [2])).rejects.toThrow(
      'LRN, CumSum, TopK, Resize cannot be trained, and the model cannot run on images of 2 px',
    );
  });
});
