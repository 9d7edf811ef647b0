/**
 * K-means' second step on the engine: each centroid becomes the mean of its rows, `c_j = (sum of rows of j) / n_j`; spherical:
 * of length 1, `c_j / |c_j|`. A cluster without rows, or whose rows cancel out, keeps the centroid it had.
 */
import type { Engine } from '../../runtime/index.ts';
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
import type { KmeansMetric } from './scorer.ts';

export interface CentroidUpdate {
  /**
   * From sums of rows `[K, D]`, which are handed over, their numbers `[K]` and centroids `[K, D]`: the next centroids and the squared
   * shift, summed.
   */
  run(
    sums: Float64Array,
    sizes: Float64Array,
    centroids: Float32Array,
  ): Promise<{ centroids: Float32Array; shift: number }>;
  dispose(): Promise<void>;
}

/** Lengths up to this have no direction. */
const NO_LENGTH = 1e-12;

export async function prepareCentroidUpdate(
  engine: Engine,
  { k, dimension, metric }: { k: number; dimension: number; metric: KmeansMetric },
): Promise<CentroidUpdate> {
  const sums = input('sums', [k, dimension], 'float64');
  const sizes = input('sizes', [k], 'float64');
  const before = input('before', [k, dimension]);
  const old = cast(before, 'float64');
  const [none, one, little] = [0, 1, NO_LENGTH].map((value) => scalar(value, 'float64'));
  const n = reshape(sizes, [k, 1]);
  let next = div(sums, where(greater(n, none!), n, one!)); // [K, D]
  if (metric === 'spherical') {
    const length = sqrt(sum(mul(next, next), { axes: [1], keepDims: true })); // [K, 1]
    next = where(greater(length, little!), div(next, where(greater(length, little!), length, one!)), old);
  }
  next = where(greater(n, none!), next, old);
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
