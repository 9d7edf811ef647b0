/** The projection head that instance-based methods compare images behind. */

import { type MlpOptions, mlp, type Variables } from '../nn/index.ts';
import { l2Normalize, type Tensor } from '../tensor/index.ts';

export interface ProjectionOptions {
  /** D. */
  embeddingLength: number;
  /** Width of the hidden layer; 0: the head is one linear layer. */
  hiddenLength: number;
  /** Norm in the hidden layer, of methods that let one choose. */
  headNorm?: 'batch' | 'none';
}

/** Projections [N, D] of features [N, F], not on the sphere: one hidden layer, or none. */
export function projection(
  variables: Variables,
  features: Tensor,
  { hiddenLength, embeddingLength }: ProjectionOptions,
  options: Omit<MlpOptions, 'widths'> = {},
): Tensor {
  const widths = hiddenLength > 0 ? [hiddenLength, embeddingLength] : [embeddingLength];
  return mlp(variables, 'projection_head', features, { ...options, widths }); // [N, D]
}

/** Embeddings [N, D] on the unit sphere: normalised projections. */
export function embeddings(...given: Parameters<typeof projection>): Tensor {
  return l2Normalize(projection(...given)); // [N, D]
}
