/** A model of operators that have no gradient here. For tests only. */
import { encodeOnnx, type OnnxNode, onnxTypes } from '../../compile/index.ts';

/** Numbers between -0.5 and 0.5. */
export const values = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + phase) / 2);
/** A weight of such numbers. */
export const floats = (name: string, shape: number[], phase = 0) => ({
  ...{ name, shape, type: onnxTypes.float32 },
  data: values(
    shape.reduce((a, b) => a * b, 1),
    phase,
  ),
});
const node = (
  type: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ type, inputs, outputs, attributes, domain: '' });

/**
 * Two convolutions, and between them local response normalization, sums along an axis by a
 * constant axis, the largest values with their indices, and an enlargement.
 */
export function oddModel(last = floats('w2', [5, 4, 1, 1], 2)): Uint8Array {
  return encodeOnnx({
    name: 'odd',
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], ['maps'], { pads: { ints: [1, 1, 1, 1] } }),
      node('LRN', ['maps'], ['normal'], {
        size: 3,
        ...{ alpha: { float: 0.3 }, beta: { float: 0.6 }, bias: { float: 1.5 } },
      }),
      node('CumSum', ['normal', 'axis'], ['sums']),
      node('TopK', ['sums', 'four'], ['best', 'at'], { axis: 2 }),
      node('Cast', ['at'], ['places'], { to: onnxTypes.float32 }),
      node('Add', ['best', 'places'], ['mixed']),
      node('Resize', ['mixed', '', 'factors'], ['large'], { mode: 'linear' }),
      node('Conv', ['large', 'w2'], ['top']),
      node('GlobalAveragePool', ['top'], ['pooled']),
      node('Flatten', ['pooled'], ['y']),
    ],
    constants: [
      ...[floats('w1', [4, 3, 3, 3]), floats('b1', [4], 1), last],
      { name: 'axis', shape: [], data: BigInt64Array.of(3n), type: onnxTypes.int64 },
      { name: 'four', shape: [1], data: BigInt64Array.of(4n), type: onnxTypes.int64 },
      {
        ...{ name: 'factors', shape: [4], type: onnxTypes.float32 },
        data: Float32Array.of(1, 1, 2, 3),
      },
    ],
    inputs: [{ name: 'x', shape: ['batch', 3, 'side', 'side'], dtype: 'float32' }],
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
}

/** Its weights below and above these operators. */
export const oddWeights = {
  w1: floats('w1', [4, 3, 3, 3]).data,
  w2: floats('w2', [5, 4, 1, 1], 2).data,
};
