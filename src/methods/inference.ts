/** The encoder of a run: from stored pixels to features, in training and alone. */
import type { Program } from '../compile/index.ts';
import {
  createVariables,
  type EncoderOptions,
  encode,
  featureLength,
  type Variables,
} from '../nn/index.ts';
import { cast, constant, input, mul, sub, type Tensor } from '../tensor/index.ts';

export interface Normalization {
  /** Per channel, of values scaled to 0 … 1. */
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/** `(x / 255 - mean) / std` for images [N, 3, H, W] of type uint8 (0 … 255). */
export function normalizeImages(x: Tensor, { mean, std }: Normalization): Tensor {
  const perChannel = (values: number[]) => constant(Float32Array.from(values), [3, 1, 1]);
  const scaled = mul(cast(x, 'float32'), perChannel(std.map((s) => 1 / (255 * s))));
  return sub(scaled, perChannel(mean.map((m, c) => m / std[c]!)));
}

export interface InferenceOptions {
  encoder: EncoderOptions;
  normalize: Normalization;
  batchSize: number;
  size: number;
}

/**
 * The encoder in evaluation mode as a program: input `images` (uint8, [B, 3, s, s]), output
 * `features` [B, D], not normalized. Its state is the encoder's parameters and running statistics,
 * held unchanged.
 */
export function inferenceProgram({ encoder, normalize, batchSize, size }: InferenceOptions): {
  program: Program;
  variables: Variables;
  features: Tensor;
} {
  const variables = createVariables({ mode: 'evaluate' });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = encode(variables, normalizeImages(images, normalize), encoder); // [B, D]
  const held = [...variables.parameters(), ...variables.buffers()];
  return {
    program: {
      outputs: { features },
      state: held.map(({ tensor }) => ({ current: tensor })),
      name: 'encoder',
    },
    variables,
    features,
  };
}

export { featureLength };
