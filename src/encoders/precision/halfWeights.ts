/**
 * Stores the weights of an ONNX model as float16.
 *
 * A node of type Cast returns each weight as float32, so the model computes as before and inputs
 * and outputs stay float32. ONNX Runtime folds the casts when it opens the file.
 */
import { onnxTypes } from '../../compile/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { editWeights, type ModelWeight, type WeightEdit, weightsOf } from './editWeights.ts';

/** Smallest tensor that is stored otherwise: nodes for every bias and scale would save nothing. */
export const SMALLEST = 256;
/** Largest number of float16. */
const MAX_HALF = 65_504;

/** The bytes of a model with weights in float16. A weight with larger values stays as it is. */
export function halfWeights(bytes: Uint8Array): Uint8Array {
  const edits = new Map<string, WeightEdit>();
  for (const weight of weightsOf(readOnnx(bytes), SMALLEST)) {
    const edit = halfEdit(weight);
    if (edit) edits.set(weight.name, edit);
  }
  return editWeights(bytes, edits);
}

/** The node of one weight; undefined where float16 lacks a value. */
export function halfEdit({ name, shape, values }: ModelWeight): WeightEdit | undefined {
  if (!values.every((value) => Math.abs(value) <= MAX_HALF)) return undefined;
  const half = `${name}/half`;
  return {
    constants: [{ name: half, shape, data: halfBits(values), type: onnxTypes.float16 }],
    nodes: [
      {
        ...{ type: 'Cast', inputs: [half], outputs: [name], domain: '' },
        attributes: { to: onnxTypes.float32 },
      },
    ],
  };
}

/** Bits of IEEE 754 binary16, rounded to the nearest and to even on a tie. */
export function halfBits(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const exponent = ((word >>> 23) & 255) - 127;
    const fraction = word & 0x7fffff;
    if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
    // Numbers below 2^-14 lose their leading bit, and further bits with every halving.
    const shift = exponent >= -14 ? 13 : 13 + (-14 - exponent);
    if (shift > 24) return sign;
    const kept = exponent >= -14 ? ((exponent + 15) << 23) | fraction : 0x800000 | fraction;
    const rest = kept & ((1 << shift) - 1);
    const middle = 1 << (shift - 1);
    const bits = kept >>> shift;
    // A carry runs into the exponent, which is the next larger number, or infinity.
    const up = rest > middle || (rest === middle && (bits & 1) === 1) ? 1 : 0;
    return sign | Math.min(bits + up, 0x7c00);
  });
}
