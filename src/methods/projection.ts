/** The projection head, behind which methods compare images. */
import { type MlpOptions, mlp, type Variables } from '../nn/index.ts';
import { l2Normalize, type Tensor } from '../tensor/index.ts';
import { count, positive } from './settings.ts';

/** Settings of a projection head. */
export const projectionSettings = {
  hiddenDim: count().default(512).describe("width of the head's hidden layer; 0: a linear head"),
  embeddingDim: positive().default(128).describe('dimension D of the embeddings'),
};

export interface ProjectionOptions {
  /** D. */
  embeddingDim: number;
  /** Width of the hidden layer; 0: the head is one linear layer. */
  hiddenDim: number;
}

/** Projections [N, D] of features [N, F], not on the sphere: one hidden layer, or none. */
export function projection(
  variables: Variables,
  features: Tensor,
  { hiddenDim, embeddingDim }: ProjectionOptions,
  options: Omit<MlpOptions, 'widths'> = {},
): Tensor {
  const widths = hiddenDim > 0 ? [hiddenDim, embeddingDim] : [embeddingDim];
  return mlp(variables, 'projection_head', features, { ...options, widths }); // [N, D]
}

/** Embeddings [N, D] on the unit sphere: normalized projections. */
export function project(...given: Parameters<typeof projection>): Tensor {
  return l2Normalize(projection(...given)); // [N, D]
}
