/**
 * Update step of k-means on the engine: each centroid becomes the mean of its rows,
 * `c_j = (sum of the rows of j) / n_j`. Spherical k-means then scales it to norm 1, `c_j / |c_j|`.
 * A cluster that has no rows, or whose rows cancel out, keeps its centroid.
 */
import type { Engine } from '../../backends/index.ts';
import {
  cast,
  div,
  greater,
  input,
  mul,
  reshape,
  scalar,
  sqrt,
  sub,
  sum,
  where,
} from '../../tensor/index.ts';
import type { KmeansMetric } from './run.ts';

export interface CentroidUpdate {
  /**
   * Computes the next centroids and the sum of their squared shifts from sums of rows `[K, D]`
   * (transferred to the engine), cluster sizes `[K]` and the current centroids `[K, D]`.
   */
  run(
    sums: Float64Array,
    sizes: Float64Array,
    centroids: Float32Array,
  ): Promise<{ centroids: Float32Array; shift: number }>;
  dispose(): Promise<void>;
}

/** Means of at most this norm have no direction. */
const MIN_NORM = 1e-12;

export async function prepareCentroidUpdate(
  engine: Engine,
  { k, dimension, metric }: { k: number; dimension: number; metric: KmeansMetric },
): Promise<CentroidUpdate> {
  const sums = input('sums', [k, dimension], 'float64');
  const sizes = input('sizes', [k], 'float64');
  const before = input('before', [k, dimension]);
  const old = cast(before, 'float64');
  const [zero, one, little] = [0, 1, MIN_NORM].map((value) => scalar(value, 'float64'));
  const n = reshape(sizes, [k, 1]);
  let next = div(sums, where(greater(n, zero!), n, one!)); // [K, D]
  if (metric === 'spherical') {
    const norm = sqrt(sum(mul(next, next), { axes: [1], keepDims: true })); // [K, 1]
    next = where(greater(norm, little!), div(next, where(greater(norm, little!), norm, one!)), old);
  }
  next = where(greater(n, zero!), next, old);
  const moved = sub(next, old);
  const executable = await engine.compile({
    outputs: { centroids: cast(next, 'float32'), shift: sum(mul(moved, moved)) },
  });
  return {
    async run(sums, sizes, before) {
      const { centroids, shift } = await executable.run(
        { sums, sizes: sizes.slice(), before: before.slice() },
        { transfer: true },
      );
      return { centroids: centroids as Float32Array, shift: (shift as Float64Array)[0]! };
    },
    dispose: () => executable.dispose(),
  };
}
