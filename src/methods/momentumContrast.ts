/**
 * What PCL and HCSC share, all of it MoCo's: embeddings of images by an encoder and its head, and the features of the key
 * encoder that are clustered between epochs. (The step itself, with its queue, is in each method's file.)
 *
 * Source: He, Fan, Wu, Xie, Girshick, "Momentum Contrast", CVPR 2020 (arXiv:1911.05722), section 3; the head is that of
 * src/methods/moco.ts.
 */
import type { Program } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { createVariables, type EncoderOptions, encode, type Variables } from '../nn/index.ts';
import { input, type Tensor } from '../tensor/index.ts';
import { type Normalisation, normaliseImages } from './encoder.ts';
import { project } from './moco.ts';
import type { ProjectionOptions } from './projection.ts';

/** Prefix of the key encoder's names in the state. */
const KEY = 'key.';

/** Embeddings [N, D] on the unit sphere, of normalised images [N, 3, s, s]. */
export function embedImages(
  variables: Variables,
  images: Tensor,
  options: ProjectionOptions & { encoder: EncoderOptions },
): Tensor {
  return project(variables, encode(variables, images, options.encoder), options); // [N, D]
}

/** The key encoder and its head in evaluation mode, as a phase runs them over all images: `images` to `features` [B, D]. */
export function keyProgram(
  options: ProjectionOptions & { encoder: EncoderOptions; normalise: Normalisation },
  { batchSize, size }: { batchSize: number; size: number },
): Program {
  const variables = createVariables({ mode: 'evaluate', prefix: KEY });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = embedImages(variables, normaliseImages(images, options.normalise), options); // [B, D]
  const held = [...variables.parameters(), ...variables.buffers()];
  return {
    name: 'key-encoder',
    outputs: { features },
    state: held.map(({ tensor }) => ({ current: tensor })),
  };
}

/** Throws where there is no queue: without negatives, InfoNCE is 0 for every encoder. */
export function requireQueue(queueLength: number): void {
  if (queueLength >= 1) return;
  throw new LikenessError(
    'settings.queueLength',
    `queueLength: received ${queueLength}; expected 1 or more keys as negatives, such as 2048`,
  );
}
