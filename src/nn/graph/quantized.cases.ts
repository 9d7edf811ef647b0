/** A model whose weights are whole numbers with scales. For tests only. */
import { encodeOnnx, type OnnxConstant, onnxTypes } from '../../compile/index.ts';
import { floats, node } from './operators.cases.ts';

const bytes = (name: string, shape: readonly number[], from: number): OnnxConstant => ({
  ...{ name, shape, type: onnxTypes.int8 },
  data: Int8Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => ((i * 37 + from) % 251) - 125,
  ),
});
const scales = (name: string, ...data: number[]): OnnxConstant => ({
  ...{ name, shape: data.length === 1 ? [] : [data.length], type: onnxTypes.float32 },
  data: Float32Array.from(data),
});
const dequantize = (inputs: readonly string[], output: string, axis = 1) =>
  node('DequantizeLinear', inputs, { axis }, [output]);

/** Names of the weights, which the file makes of whole numbers. */
export const quantizedWeights = ['w1', 'b1', 'w2'] as const;

/** A convolution with a scale per channel, a bias of int32, and a product of uint8 with one scale. */
export function quantizedModel(): Uint8Array {
  return encodeOnnx({
    name: 'quantized',
    nodes: [
      dequantize(['w1_bytes', 'w1_scales', 'w1_zeros'], 'w1', 0),
      dequantize(['b1_whole', 'b1_scale'], 'b1'),
      dequantize(['w2_bytes', 'w2_scale', 'w2_zero'], 'w2'),
      node('Conv', ['x', 'w1', 'b1'], {}, ['maps']),
      node('Relu', ['maps'], {}, ['active']),
      node('GlobalAveragePool', ['active'], {}, ['pooled']),
      node('Flatten', ['pooled'], {}, ['rows']),
      node('MatMul', ['rows', 'w2'], {}, ['product']),
      node('Add', ['product', 'b2']),
    ],
    constants: [
      ...[bytes('w1_bytes', [4, 3, 3, 3], 5), scales('w1_scales', 0.002, 0.001, 0.004, 0.003)],
      {
        ...{ name: 'w1_zeros', shape: [4], type: onnxTypes.int8 },
        data: Int8Array.of(0, 3, -7, 11),
      },
      {
        ...{ name: 'b1_whole', shape: [4], type: onnxTypes.int32 },
        data: Int32Array.of(90000, -40000, 5, 70000),
      },
      scales('b1_scale', 1e-5),
      {
        ...{ name: 'w2_bytes', shape: [4, 16], type: onnxTypes.uint8 },
        data: Uint8Array.from({ length: 64 }, (_, i) => (i * 53) % 256),
      },
      scales('w2_scale', 0.01),
      { name: 'w2_zero', shape: [], type: onnxTypes.uint8, data: Uint8Array.of(128) },
      floats('b2', [16]),
    ],
    inputs: [{ name: 'x', shape: ['batch', 3, 's', 's'], dtype: 'float32' }],
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
}
