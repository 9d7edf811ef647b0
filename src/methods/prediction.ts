/**
 * Prediction of one view's embedding from another's, without negatives, as in BYOL and SimSiam.
 *
 * Sources: Grill et al., "Bootstrap Your Own Latent", NeurIPS 2020 (arXiv:2006.07733), equation 2;
 * Chen, He, "Exploring Simple Siamese Representation Learning", CVPR 2021 (arXiv:2011.10566),
 * equation 1.
 */

import { type MlpOptions, mlp, type Variables } from '../nn/index.ts';
import { l2Normalize, mean, stopGradient, type Tensor } from '../tensor/index.ts';
import { cosines } from './contrastive.ts';
import { positive } from './settings.ts';

/** Prefix of the predictor's parameters. */
export const PREDICTOR = 'predictor';

/** Width of the predictor's hidden layer. */
export const predictorDim = () => positive().describe("width of the predictor's hidden layer");

export interface PredictorOptions {
  /** D. */
  embeddingDim: number;
  predictorDim: number;
}

/** Predictions p [N, D] of projections z [N, D]: Linear, batch norm, ReLU, Linear. */
export function predict(
  variables: Variables,
  z: Tensor,
  { embeddingDim, predictorDim }: PredictorOptions,
  options: Pick<MlpOptions, 'hiddenBias' | 'initialize'> = {},
): Tensor {
  const widths = [predictorDim, embeddingDim];
  return mlp(variables, PREDICTOR, z, { ...options, widths }); // [N, D]
}

/**
 * Mean cosine of predictions p [B, D] with their targets [B, D], through which no gradient flows:
 * from -1 to 1. Neither needs to be on the sphere.
 */
export function predictionCosine(p: Tensor, target: Tensor): Tensor {
  return mean(cosines(l2Normalize(p), stopGradient(l2Normalize(target))));
}
