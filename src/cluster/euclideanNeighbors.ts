/**
 * Exact nearest neighbors by Euclidean distance, of the rows of one matrix among themselves.
 *
 * The engine finds candidates by `x · y - |y|² / 2`, which orders all y like `|x - y|²`. Their
 * distances are then computed in float64 from the differences, because products in float32 lose the
 * digits of small distances.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, checkedLater, optionCheck } from '../core/options.ts';
import { input, rowProducts, topK } from '../tensor/index.ts';
import { blocksOf, runBlocks } from './blocks.ts';
import { type Features, rowNorms, withoutMean } from './features.ts';

export interface EuclideanNeighborOptions {
  /** Neighbors per row, from 1 to N - 1. */
  k: number;
  signal?: AbortSignal;
}

const checkNeighbors = optionCheck<EuclideanNeighborOptions>({
  k: checkedLater,
  signal: abortSignal,
});

export interface EuclideanNeighbors {
  readonly k: number;
  /** `[N, k]`, row indices, nearest first; equal distances are ordered by index. */
  readonly indices: Int32Array;
  /** `[N, k]`, squared distances. */
  readonly squared: Float64Array;
}

/** Candidates beyond k, for rows that float32 orders in another way. */
const SPARE = 4;

/**
 * Finds the k nearest other rows of each row.
 *
 * @throws LikenessError `neighbors.k` when k is not an integer from 1 to N - 1
 */
export async function euclideanNeighbors(
  engine: Engine,
  features: Features,
  options: EuclideanNeighborOptions,
): Promise<EuclideanNeighbors> {
  checkNeighbors(options);
  const { k, signal } = options;
  const { count, dimension } = features;
  if (!Number.isInteger(k) || k < 1 || k > count - 1) {
    throw new LikenessError(
      'neighbors.k',
      `neighbors: received k = ${k} for ${count} rows; expected 1 to ${count - 1}`,
    );
  }
  const centered = withoutMean(features);
  const blocks = blocksOf(count, Math.max(count, dimension));
  const x = input('x', [blocks.size, dimension]);
  const all = input('all', [count, dimension]);
  const half = input('half', [count]);
  const { indices: candidates } = topK(rowProducts(x, all, half), {
    k: Math.min(count, k + 1 + SPARE),
  }); // [block, k + 1 + spare]
  const exe = await engine.compile({
    outputs: { candidates },
    state: [{ current: all }, { current: half }],
    name: 'euclidean-neighbors',
  });
  const indices = new Int32Array(count * k);
  const squared = new Float64Array(count * k);
  try {
    const half = Float32Array.from(rowNorms(centered), (norm) => -(norm ** 2) / 2);
    await exe.writeState({ all: centered.data, half });
    const found = runBlocks(centered, blocks, ({ data }) => exe.run({ x: data }));
    for await (const { start, rows, result } of found) {
      signal?.throwIfAborted();
      const width = result.candidates!.length / blocks.size;
      for (let row = 0; row < rows; row++) {
        const near = result.candidates!.subarray(row * width, (row + 1) * width) as Int32Array;
        const at = (start + row) * k;
        nearestOf(features, start + row, near)
          .slice(0, k)
          .forEach(([other, distance], i) => {
            indices[at + i] = other;
            squared[at + i] = distance;
          });
      }
    }
  } finally {
    await exe.dispose();
  }
  return { k, indices, squared };
}

/** Other rows among candidates with their squared distances, nearest first. */
function nearestOf(
  { data, dimension }: Features,
  row: number,
  candidates: Int32Array,
): [other: number, squared: number][] {
  const distanceTo = (other: number) => {
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      sum += (data[row * dimension + d]! - data[other * dimension + d]!) ** 2;
    }
    return sum;
  };
  return Array.from(candidates)
    .filter((other) => other !== row)
    .map((other): [number, number] => [other, distanceTo(other)])
    .sort(([i, a], [j, b]) => a - b || i - j);
}
