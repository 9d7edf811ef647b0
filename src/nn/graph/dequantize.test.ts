import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { encodeOnnx, onnxTypes } from '../../compile/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { input } from '../../tensor/index.ts';
import { createVariables } from '../variables.ts';
import { importGraph } from './importGraph.ts';
import { graphLayers } from './layers.ts';
import { floats, node } from './operators.cases.ts';
import { quantizedModel, quantizedWeights } from './quantized.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const X = [2, 3, 5, 5] as const;

function imported(bytes: Uint8Array) {
  const variables = createVariables();
  const y = importGraph(readOnnx(bytes), { variables, feeds: { x: input('x', X) }, output: 'y' });
  return { y, variables };
}

describe('weights that are stored as whole numbers', () => {
  it('are trained as floats of the values that ONNX Runtime computes with', async () => {
    const bytes = quantizedModel();
    const { y, variables } = imported(bytes);
    const parameters = variables.parameters();
    expect(parameters.map(({ name }) => name)).toEqual([...quantizedWeights, 'b2']);
    const first = variables.initialValues(0);
    expect(first.w1![0]).toBeCloseTo((5 - 125) * 0.002, 6);
    expect(first.w1![27 + 1]).toBeCloseTo((((28 * 37 + 5) % 251) - 125 - 3) * 0.001, 6);
    expect([...first.b1!].map((v) => Number(v.toFixed(5)))).toEqual([0.9, -0.4, 0.00005, 0.7]);
    expect(first.w2![1]).toBeCloseTo((53 - 128) * 0.01, 6);

    const values = Float32Array.from({ length: 150 }, (_, i) => Math.sin(2.3 * i));
    // Optimizations of the runtime may round the rows of a product to 8 bits, too.
    const graphOptimizationLevel = 'disabled';
    const session = await InferenceSession.create(bytes, { graphOptimizationLevel });
    const expected = await session.run({ x: new OrtTensor('float32', values, X) });
    const executable = await engine.compile({
      outputs: { y },
      state: parameters.map(({ tensor }) => ({ current: tensor })),
    });
    await executable.writeState(first);
    const found = await executable.run({ x: values });
    await executable.dispose();
    (expected.y!.data as Float32Array).forEach((value, i) => {
      expect(Math.abs(found.y![i]! - value), `y[${i}]`).toBeLessThan(1e-5);
    });
  });

  it('have layers, as other weights do', () => {
    const { depth, layerOf } = graphLayers(readOnnx(quantizedModel()), { input: 'x', output: 'y' });
    expect(depth).toBe(2);
    expect(Object.fromEntries(layerOf)).toEqual({ w1: 1, b1: 1, w2: 2, b2: 2 });
  });

  it.each<[string, number[], object, string]>([
    ['of another number', [3], {}, 'scales [3] for [2, 2]; expected 2, one per index of axis 1'],
    ['of blocks', [2], { block_size: 1 }, 'scales of blocks; expected one per axis'],
  ])('are refused with scales %s', (_, shape, attributes, reason) => {
    const bytes = encodeOnnx({
      name: 'unfit',
      nodes: [
        node('DequantizeLinear', ['whole', 'scales'], attributes as never, ['w']),
        node('Add', ['x', 'w']),
      ],
      constants: [
        { name: 'whole', shape: [2, 2], type: onnxTypes.int8, data: Int8Array.of(1, 2, 3, 4) },
        floats('scales', shape),
      ],
      inputs: [{ name: 'x', shape: X, dtype: 'float32' }],
      outputs: [{ name: 'y', dtype: 'float32' }],
    });
    expect(() => imported(bytes)).toThrow(`node "w" (DequantizeLinear): ${reason}`);
  });

  it('are named where their type is not known', () => {
    const int4 = 22;
    const bytes = encodeOnnx({
      name: 'small',
      nodes: [node('DequantizeLinear', ['whole', 'scale'], {}, ['w']), node('Add', ['x', 'w'])],
      constants: [
        { name: 'whole', shape: [4], type: int4, data: Int8Array.of(1, 2) },
        floats('scale', []),
      ],
      inputs: [{ name: 'x', shape: X, dtype: 'float32' }],
      outputs: [{ name: 'y', dtype: 'float32' }],
    });
    expect(() => imported(bytes)).toThrow('it reads "whole", a weight of a type that is not known');
  });
});
