/**
 * Assignment of rows to the nearest centroid by cosine, with a confidence and a margin.
 *
 * With cosines `s_k = x·c_k` of normalized rows and centroids:
 * `assignment = argmax_k s_k`, `confidence = max_k softmax(s / tau)_k`,
 * `margin = s_best - s_second`.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { checkedLater, optionCheck } from '../core/options.ts';
import { input, matmul, max, mul, scalar, softmax, topK } from '../tensor/index.ts';
import { blocksOf } from './blocks.ts';
import { type Features, normalizeRows, requireSameDimension } from './features.ts';
import { paddedBlocksOf, type Rows, unitRows } from './rows.ts';

export interface AssignOptions {
  /**
   * Temperature tau of the confidence. Lower values give higher confidence. Default 0.1, as in
   * SwAV.
   */
  temperature?: number;
}

const checkAssign = optionCheck<AssignOptions>({
  temperature: checkedLater,
});

export interface AssignResult {
  /** `[N]`, cluster of each row, 0 to K - 1; the lower index on a tie. */
  readonly assignments: Int32Array;
  /** `[N]`, second-best cluster; -1 where K = 1. */
  readonly second: Int32Array;
  /** `[N]`, cosine to the own centroid, -1 to 1; high for typical rows of a cluster. */
  readonly similarity: Float32Array;
  /** `[N]`, 1/K to 1. It compares the clusters; it is not a probability of being correct. */
  readonly confidence: Float32Array;
  /** `[N]`, difference of cosines, 0 (undecided) to 2; 2 where K = 1. */
  readonly margin: Float32Array;
}

/** Largest difference of two cosines, and the margin of a single cluster. */
const MAX_MARGIN = 2;

/**
 * Assigns each row `[N, D]` to the centroid (or prototype) `[K, D]` with the largest cosine.
 *
 * @example
 * const { centroids, dimension } = await kmeans(features, 10, { engine, metric: 'spherical' });
 * const { assignments } = await assign(engine, features, featuresOf(centroids, dimension));
 */
export async function assign(
  engine: Engine,
  features: Features | Rows,
  centroids: Features,
  options: AssignOptions = {},
): Promise<AssignResult> {
  checkAssign(options);
  const { temperature = 0.1 } = options;
  requireSameDimension('assign', features, centroids);
  if (!(temperature > 0)) {
    throw new LikenessError(
      'assign.temperature',
      `assign: received temperature ${temperature}; expected a number above 0`,
    );
  }
  const { count, dimension } = features;
  const k = centroids.count;
  const best = Math.min(2, k);
  const blocks = blocksOf(count, Math.max(k, dimension));
  const x = input('x', [blocks.size, dimension]);
  const c = input('c', [dimension, k]);
  const cosines = matmul(x, c); // [B, K]
  const { values, indices } = topK(cosines, { k: best }); // [B, 2]
  const confidence = max(softmax(mul(cosines, scalar(1 / temperature))), { axes: [1] }); // [B]
  const exe = await engine.compile({
    outputs: { values, indices, confidence },
    state: [{ current: c }],
  });

  const result: AssignResult = {
    assignments: new Int32Array(count),
    second: new Int32Array(count).fill(-1),
    similarity: new Float32Array(count),
    confidence: new Float32Array(count),
    margin: new Float32Array(count).fill(MAX_MARGIN),
  };
  try {
    const unitCentroids = normalizeRows(centroids).data;
    const columns = new Float32Array(k * dimension);
    for (let j = 0; j < k; j++)
      for (let d = 0; d < dimension; d++) columns[d * k + j] = unitCentroids[j * dimension + d]!;
    await exe.writeState({ c: columns });
    for await (const block of paddedBlocksOf(unitRows(features), blocks)) {
      const found = await exe.run({ x: block.data }, { transfer: true });
      for (let row = 0; row < block.rows; row++) {
        const at = block.start + row;
        result.assignments[at] = found.indices![row * best]!;
        result.similarity[at] = found.values![row * best]!;
        result.confidence[at] = found.confidence![row]!;
        if (k > 1) {
          result.second[at] = found.indices![row * best + 1]!;
          result.margin[at] = found.values![row * best]! - found.values![row * best + 1]!;
        }
      }
    }
  } finally {
    await exe.dispose();
  }
  return result;
}
