/**
 * What PCL and HCSC share, all of it MoCo's: a query encoder that is trained, a key encoder that follows it, a head on
 * both, and the features of the key encoder that are clustered between epochs.
 *
 * Source: He, Fan, Wu, Xie, Girshick, "Momentum Contrast", CVPR 2020 (arXiv:1911.05722), section 3, with the head of
 * Chen, Fan, Girshick, He, 2020 (arXiv:2003.04297): Linear, ReLU, Linear, no batch norm.
 *
 * Different from the authors' code: batches are not shuffled between devices before the keys are computed, as there is
 * one device. Queries and keys have batch statistics of their own.
 */
import { LikenessError } from '../core/errors.ts';
import { createVariables, type EncoderOptions, encode, mlp, type Variables } from '../nn/index.ts';
import type { Program } from '../runtime/index.ts';
import { input, l2Normalize, type Tensor } from '../tensor/index.ts';
import { type Normalisation, normaliseImages } from './encoder.ts';
import type { Moment } from './method.ts';
import type { Settings } from './settings.ts';

/** Prefix of the key encoder's names in the state. */
const KEY = 'key.';

export interface ContrastHead {
  /** Width of the hidden layer; 0: one linear layer (PCL v1). */
  hiddenLength: number;
  /** D. */
  embeddingLength: number;
}

/** Embeddings [N, D] on the unit sphere, of the encoder's features [N, F]. */
export function projectContrast(
  variables: Variables,
  features: Tensor,
  { hiddenLength, embeddingLength }: ContrastHead,
): Tensor {
  const widths = hiddenLength > 0 ? [hiddenLength, embeddingLength] : [embeddingLength];
  return l2Normalize(mlp(variables, 'projection_head', features, { widths, norm: 'none' })); // [N, D]
}

/** Embeddings [N, D] of normalised images [N, 3, s, s]. */
export function embedContrast(
  variables: Variables,
  images: Tensor,
  { encoder, ...head }: ContrastHead & { encoder: EncoderOptions },
): Tensor {
  return projectContrast(variables, encode(variables, images, encoder), head);
}

/** The key encoder and its head in evaluation mode, as a phase runs them over all images: `images` to `features` [B, D]. */
export function keyProgram(
  options: ContrastHead & { encoder: EncoderOptions; normalise: Normalisation },
  { batchSize, size }: { batchSize: number; size: number },
): Program {
  const variables = createVariables({ mode: 'evaluate', prefix: KEY });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = embedContrast(variables, normaliseImages(images, options.normalise), options); // [B, D]
  const held = [...variables.parameters(), ...variables.buffers()];
  return {
    name: 'key-encoder',
    outputs: { features },
    state: held.map(({ tensor }) => ({ current: tensor })),
  };
}

/** m of a step: constant, or along half a cosine from its first to its last value. */
export function encoderMomentumAt(
  {
    encoderMomentum: first,
    finalEncoderMomentum: last = first,
  }: Pick<Settings, 'encoderMomentum' | 'finalEncoderMomentum'>,
  { step, totalSteps }: Moment,
): number {
  return last - 0.5 * (last - first) * (1 + Math.cos((Math.PI * step) / totalSteps));
}

/** Throws where there is no queue: without negatives, InfoNCE is 0 for every encoder. */
export function requireQueue(queueLength: number): void {
  if (queueLength >= 1) return;
  throw new LikenessError(
    'settings.queueLength',
    `queueLength: received ${queueLength}; expected 1 or more keys as negatives, such as 2048`,
  );
}
