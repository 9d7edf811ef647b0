/**
 * Clusters of rows outside a clustered sample: the cluster of most of their nearest rows in it.
 *
 * Of clusters with equally many of these rows, the one with the nearest row wins. Rows are
 * processed in blocks, so that memory beside features and result stays bounded.
 */
import type { Engine } from '../backends/index.ts';
import { abortSignal, callback, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { type Features, selectRows } from './features.ts';
import { nearestNeighbors } from './neighbors.ts';

export interface SpreadOptions {
  /** Positions of the sample's rows among all N. */
  sample: ArrayLike<number>;
  /** Cluster of each row of the sample. */
  assignments: ArrayLike<number>;
  /** Rows of the sample that vote. Default 10, or all where there are fewer. */
  neighbors?: number;
  /** Rows that vote at a time. Default 16,384. */
  blockRows?: number;
  /** Receives the number of rows that have a cluster. */
  onProgress?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const checkSpread = optionCheck<SpreadOptions>({
  sample: checkedLater,
  assignments: checkedLater,
  neighbors: wholeNumber(1),
  blockRows: wholeNumber(1),
  onProgress: callback,
  signal: abortSignal,
});

/**
 * Gives every row of `[N, D]` a cluster, [N]: those of the sample keep theirs.
 *
 * @example
 * // Two rows are clustered, and the third lies beside the second.
 * const rows = toFeatures([[1, 0], [0, 1], [0.1, 1]]);
 * const known = { sample: [0, 1], assignments: [7, 8] };
 * await spreadClusters(engine, rows, { ...known, neighbors: 1 }); // 7, 8, 8
 */
export async function spreadClusters(
  engine: Engine,
  features: Features,
  options: SpreadOptions,
): Promise<Int32Array> {
  checkSpread(options);
  const { sample, assignments, neighbors = 10, blockRows = 16_384 } = options;
  const { onProgress, signal } = options;
  const clusters = new Int32Array(features.count);
  const isKnown = new Uint8Array(features.count);
  for (let i = 0; i < sample.length; i++) {
    clusters[sample[i]!] = assignments[i]!;
    isKnown[sample[i]!] = 1;
  }
  const others = Int32Array.from(clusters.keys()).filter((row) => !isKnown[row]);
  if (others.length === 0) return clusters;
  const bank = selectRows(features, sample);
  const k = Math.min(neighbors, bank.count);
  for (let start = 0; start < others.length; start += blockRows) {
    signal?.throwIfAborted();
    const block = others.subarray(start, start + blockRows);
    const { indices } = await nearestNeighbors(engine, selectRows(features, block), bank, { k });
    block.forEach((row, i) => {
      const voters = indices.subarray(i * k, (i + 1) * k);
      clusters[row] = mostFrequent(Array.from(voters, (voter) => assignments[voter]!));
    });
    onProgress?.(sample.length + start + block.length);
  }
  return clusters;
}

/** The value that occurs most often; of several the one that comes first. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = values[0]!;
  for (const [value, count] of counts) if (count > counts.get(best)!) best = value;
  return best;
}
