/**
 * Principal components: `z = V (x - mean)`, V the eigenvectors of the covariance with the largest eigenvalues, not scaled.
 */
import type { Engine } from '../runtime/index.ts';
import { covariance } from './covariance.ts';
import type { Features } from './features.ts';
import { leadingEigenvectors } from './leadingEigenvectors.ts';
import { whiten } from './pcaWhiten.ts';

export interface PcaOptions {
  /** P; fewer where the dimension is smaller. */
  components: number;
  seed?: number;
  signal?: AbortSignal;
}

/** Features in their leading principal components, `[N, P]`. */
export async function principalComponents(
  engine: Engine,
  features: Features,
  { components, seed = 0, signal }: PcaOptions,
): Promise<Features> {
  const { dimension } = features;
  const kept = Math.min(components, dimension);
  const { means, matrix } = await covariance(engine, features);
  const { values, vectors } = leadingEigenvectors(
    (x) => {
      const out = new Float64Array(dimension);
      for (let row = 0; row < dimension; row++) {
        let sum = 0;
        for (let d = 0; d < dimension; d++) sum += matrix[row * dimension + d]! * x[d]!;
        out[row] = sum;
      }
      return out;
    },
    { size: dimension, count: kept, seed, signal },
  );
  const projection = new Float32Array(kept * dimension);
  vectors.forEach((vector, p) => {
    projection.set(vector, p * dimension);
  });
  const total = Array.from({ length: dimension }, (_, d) => matrix[d * dimension + d]!).reduce(
    (a, b) => a + b,
    0,
  );
  const held = values.reduce((a, b) => a + b, 0);
  return whiten(engine, features, {
    means,
    projection,
    variances: values,
    explained: total > 0 ? held / total : 0,
  });
}
