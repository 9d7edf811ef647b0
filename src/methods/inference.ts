/** The encoder of a run: from stored pixels to features, in training and alone. */
import type { Program } from '../compile/index.ts';
import {
  createVariables,
  type EncoderOptions,
  encode,
  featureLength,
  PRETRAINED,
  type Variables,
} from '../nn/index.ts';
import { add, cast, clip, constant, input, mul, sub, type Tensor } from '../tensor/index.ts';

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

/** Values 0 … 1 of normalized images [N, 3, H, W]. */
export function unnormalizeImages(x: Tensor, { mean, std }: Normalization): Tensor {
  const perChannel = (values: readonly number[]) => constant(Float32Array.from(values), [3, 1, 1]);
  return clip(add(mul(x, perChannel(std)), perChannel(mean)), { low: 0, high: 1 });
}

export interface InferenceOptions {
  encoder: EncoderOptions;
  normalize: Normalization;
  batchSize: number;
  size: number;
}

/**
 * Input of a network by name: normalized images [B, 3, s, s], fed as uint8; or features [B, D] of a
 * pretrained model, fed as float32.
 *
 * @throws LikenessError `encoder.dimension`
 */
export function networkInput(
  name: string,
  { encoder, normalize, batchSize: B, size: s }: InferenceOptions,
): Tensor {
  if (encoder.architecture === PRETRAINED) {
    return input(name, [B, featureLength(encoder)]); // [B, D]
  }
  return normalizeImages(input(name, [B, 3, s, s], 'uint8'), normalize); // [B, 3, s, s]
}

/**
 * The encoder in evaluation mode as a program: input `images` (uint8, [B, 3, s, s], or features
 * [B, D] of a pretrained model), output `features` [B, D], not normalized. Its state is the encoder's
 * parameters and running statistics, held unchanged.
 */
export function inferenceProgram(options: InferenceOptions): {
  program: Program;
  variables: Variables;
  features: Tensor;
} {
  const variables = createVariables({ mode: 'evaluate' });
  const features = encode(variables, networkInput('images', options), options.encoder); // [B, D]
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
