/**
 * Stores the weights of an ONNX model as int8, with a scale per output channel.
 *
 * A weight w of channel c becomes `round(w / s_c)` with `s_c = max |w| / 127`, and the nodes Cast
 * and Mul return `s_c round(w / s_c)` as float32. So the model computes as before, and inputs,
 * outputs and activations stay float32.
 *
 * ONNX Runtime folds both nodes when it opens the file, and the model runs at the speed of float32.
 * It does not fold DequantizeLinear, with which SqueezeNet 1.1 took 1.4 times as long on a CPU, and
 * products of int8 that quantize their input at run time (ConvInteger) took four times as long.
 */
import { onnxTypes } from '../../compile/index.ts';
import { type OnnxModel, type OnnxModelNode, readOnnx } from '../../formats/index.ts';
import { editWeights, type ModelWeight, type WeightEdit, weightsOf } from './editWeights.ts';
import { halfEdit, SMALLEST } from './halfWeights.ts';

/** Largest magnitude of int8 that is used: -128 is left out, so that the range is symmetric. */
const MAX_INT8 = 127;

/**
 * The bytes of a model with the weights of convolutions and products in int8, and other large
 * weights in float16. A weight with values that are not finite stays as it is.
 */
export function int8Weights(bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes);
  const axes = channelAxes(model);
  const edits = new Map<string, WeightEdit>();
  for (const weight of weightsOf(model, SMALLEST)) {
    const axis = axes.get(weight.name);
    const edit = axis === undefined ? halfEdit(weight) : int8Edit(weight, axis);
    if (edit) edits.set(weight.name, edit);
  }
  return editWeights(bytes, edits);
}

/** Axis of the output channels of each weight of a convolution or product, by its name. */
function channelAxes({ nodes }: Pick<OnnxModel, 'nodes'>): Map<string, number> {
  const axes = new Map<string, number>();
  for (const node of nodes) {
    const axis = node.domain === '' ? axisOf[node.type]?.(node) : undefined;
    const weight = node.inputs[1];
    if (axis !== undefined && weight && !axes.has(weight)) axes.set(weight, axis);
  }
  return axes;
}

/** Axis of the output channels of the second input, by operator; negative from behind. */
const axisOf: Readonly<Record<string, (node: OnnxModelNode) => number>> = {
  Conv: () => 0,
  ConvTranspose: () => 1,
  Gemm: ({ attributes }) => (attributes.get('transB')?.integer ? 0 : 1),
  MatMul: () => -1,
};

/** The nodes of one weight; undefined where it has values that are not finite. */
function int8Edit({ name, shape, values }: ModelWeight, at: number): WeightEdit | undefined {
  const axis = at < 0 ? shape.length + at : at;
  const channels = shape[axis];
  if (channels === undefined || !values.every(Number.isFinite)) return undefined;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const largest = new Float32Array(channels);
  for (let i = 0; i < values.length; i++) {
    const c = channelOf(i);
    largest[c] = Math.max(largest[c]!, Math.abs(values[i]!));
  }
  // A channel of zeros has any scale.
  const scales = largest.map((value) => value / MAX_INT8 || 1);
  const data = Int8Array.from(values, (value, i) => Math.round(value / scales[channelOf(i)]!));
  const [stored, float, scale] = [`${name}/int8`, `${name}/float`, `${name}/scale`];
  const perChannel = shape.map((size, i) => (i === axis ? size : 1));
  return {
    constants: [
      { name: stored, shape, data, type: onnxTypes.int8 },
      { name: scale, shape: perChannel, data: scales, type: onnxTypes.float32 },
    ],
    nodes: [
      {
        ...{ type: 'Cast', inputs: [stored], outputs: [float], domain: '' },
        attributes: { to: onnxTypes.float32 },
      },
      { type: 'Mul', inputs: [float, scale], outputs: [name], attributes: {}, domain: '' },
    ],
  };
}
