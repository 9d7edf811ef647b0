/**
 * Whitened principal components of standardized features, as one product.
 *
 * `z = (f - mean) P` with `P = diag(1 / std) V diag(lambda + e lambda_1)^(-1/2)`, where V and
 * lambda are the leading eigenvectors and eigenvalues of the covariance of `(f - mean) / std`. The
 * term e keeps components of little variance from being amplified.
 */
import type { Engine } from '../backends/index.ts';
import { type Features, principalAxes, type Whitening } from '../cluster/index.ts';
import type { StoredTensor } from '../formats/index.ts';

export interface ComponentOptions {
  /** Number P of components, at most the dimension. */
  components: number;
  /** e: added to the variances, as a fraction of the largest. */
  whitening: number;
  /** Iterations of the principal axes. */
  iterations: number;
  /** Seed of their start. */
  seed: number;
  /** Receives the number of finished iterations. */
  onProgress?(done: number): void;
}

/** A tensor of float32. */
type Floats = StoredTensor & { readonly data: Float32Array };

export interface WhitenedComponents {
  /** `[F, P]`, with all scales. */
  readonly projection: Floats;
  /** `[P]`, `-mean P`. */
  readonly offset: Floats;
  /** The whitening of standardized features alone. */
  readonly basis: Whitening;
}

/** Variance of a component, as a fraction of the largest, below which it is rounding. */
const MIN_VARIANCE = 1e-6;
/** Smallest deviation: a feature that never varies is not amplified. */
const MIN_DEVIATION = 1e-6;

/** Number of components of n images: `imagesPerComponent` for each, at most `most`, at least 1. */
export function mostComponents(
  images: number,
  { most, imagesPerComponent }: { most: number; imagesPerComponent: number },
): number {
  return Math.max(1, Math.min(most, Math.floor(images / imagesPerComponent)));
}

/** Fits the components to features [N, F], which are standardized in place. */
export async function whitenedComponents(
  engine: Engine,
  features: Features,
  { components, whitening, iterations, seed, onProgress }: ComponentOptions,
): Promise<WhitenedComponents> {
  const { dimension: F, data } = features;
  const { means, deviations } = standardize(data, F);
  const { axes, variances, ...around } = await principalAxes(engine, features, {
    ...{ components: Math.min(components, F), iterations, seed },
    ...(onProgress && { onProgress }),
  });
  const P = variances.length;
  const whitened = Float32Array.from(axes, (value, at) => {
    const variance = variances[Math.floor(at / F)]!;
    return variance > MIN_VARIANCE * variances[0]!
      ? value / Math.sqrt(variance + whitening * variances[0]!)
      : 0;
  }); // [P, F]
  const projection = new Float32Array(F * P); // [F, P]
  const offset = new Float32Array(P);
  for (let p = 0; p < P; p++) {
    let sum = 0;
    for (let f = 0; f < F; f++) {
      const value = whitened[p * F + f]! / deviations[f]!;
      projection[f * P + p] = value;
      sum += value * means[f]!;
    }
    offset[p] = -sum;
  }
  return {
    projection: { dtype: 'float32', shape: [F, P], data: projection },
    offset: { dtype: 'float32', shape: [P], data: offset },
    basis: { means: around.means, projection: whitened, variances, explained: 1 },
  };
}

/** Standardizes columns of [n, F] in place; returns their means and standard deviations. */
function standardize(
  data: Float32Array,
  F: number,
): { means: Float64Array; deviations: Float64Array } {
  const n = data.length / F;
  const means = new Float64Array(F);
  const deviations = new Float64Array(F);
  for (let at = 0; at < data.length; at += F)
    for (let f = 0; f < F; f++) means[f]! += data[at + f]! / n;
  for (let at = 0; at < data.length; at += F)
    for (let f = 0; f < F; f++) deviations[f]! += (data[at + f]! - means[f]!) ** 2 / n;
  for (let f = 0; f < F; f++) deviations[f] = Math.max(MIN_DEVIATION, Math.sqrt(deviations[f]!));
  for (let at = 0; at < data.length; at += F)
    for (let f = 0; f < F; f++) data[at + f] = (data[at + f]! - means[f]!) / deviations[f]!;
  return { means, deviations };
}
