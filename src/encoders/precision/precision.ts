/** Precisions of the weights of an exported model. */
import { halfWeights } from './halfWeights.ts';
import { int8Weights } from './int8Weights.ts';

/**
 * `fp32` stores float32, `fp16` halves the file, and `int8` stores a quarter. Inputs, outputs and
 * activations are float32 in all of them.
 */
export const precisions = ['fp32', 'fp16', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** The bytes of an ONNX model with weights of a precision. */
export function withPrecision(bytes: Uint8Array, precision: Precision): Uint8Array {
  if (precision === 'fp16') return halfWeights(bytes);
  return precision === 'int8' ? int8Weights(bytes) : bytes;
}
