/**
 * A dictionary of filters, learned from whitened patches by gain-shape (spherical) k-means.
 *
 * `D` maximizes `Σ_n max_k |d_k · x_n|`, with rows of length 1. Each iteration assigns a patch to
 * the filter of the largest absolute product s, and sets `d_k <- normalize(d_k + Σ s_n x_n)` over
 * its patches. The sum includes the old filter (damping), so that a filter without patches stays.
 *
 * Source: Coates and Ng, "Learning feature representations with k-means", 2012, section 2.2 and
 * equation 1 to 3 (damped updates, random normal start).
 */
import type { Engine } from '../../backends/index.ts';
import { randomAt } from '../../core/random.ts';
import { input, matmul, transpose } from '../../tensor/index.ts';
import type { WhitenedPatches } from './whitenedPatches.ts';

export interface DictionaryOptions {
  /** Number K of filters. */
  filters: number;
  iterations: number;
  /** Seed of the start. */
  seed: number;
  /** Distinguishes the starts of several dictionaries of one seed. */
  part: number;
  /** Receives the number of finished blocks of patches, over all iterations. */
  onProgress?(done: number): void;
  signal?: AbortSignal;
}

/** Patches per product on the engine. */
const BLOCK = 4096;

/** Number of blocks that are reported of n patches. */
export function dictionarySteps(patches: number, iterations: number): number {
  return iterations * Math.ceil(patches / BLOCK);
}

/** Learns K filters of length 1 from whitened patches: `[K, d]`. */
export async function learnDictionary(
  engine: Engine,
  { data, count, dimension: d }: WhitenedPatches,
  { filters: K, iterations, seed, part, onProgress, signal }: DictionaryOptions,
): Promise<Float32Array> {
  const random = randomAt(seed, 'patchDictionary', part);
  const dictionary = Float32Array.from({ length: K * d }, () => random.normal()); // [K, d]
  normalizeEach(dictionary, d);
  const x = input('x', [BLOCK, d]);
  const w = input('w', [K, d]);
  const executable = await engine.compile({
    outputs: { s: matmul(x, transpose(w)) },
    name: 'dictionary',
  });
  try {
    const block = new Float32Array(BLOCK * d);
    let done = 0;
    for (let iteration = 0; iteration < iterations; iteration++) {
      signal?.throwIfAborted();
      const sums = Float64Array.from(dictionary); // [K, d]
      for (let start = 0; start < count; start += BLOCK) {
        const rows = Math.min(BLOCK, count - start);
        block.set(data.subarray(start * d, (start + rows) * d));
        const { s } = await executable.run({ x: block, w: dictionary }); // [BLOCK, K]
        addPatches(sums, block, s as Float32Array, { rows, K, d });
        onProgress?.(++done);
      }
      dictionary.set(sums);
      normalizeEach(dictionary, d);
    }
    return dictionary;
  } finally {
    await executable.dispose();
  }
}

/** Adds each patch, times its product, to the sum of the filter with the largest absolute product. */
function addPatches(
  sums: Float64Array,
  patches: Float32Array,
  products: Float32Array,
  { rows, K, d }: { rows: number; K: number; d: number },
): void {
  for (let row = 0; row < rows; row++) {
    let best = 0;
    let most = -1;
    for (let k = 0; k < K; k++) {
      const size = Math.abs(products[row * K + k]!);
      if (size > most) {
        most = size;
        best = k;
      }
    }
    const product = products[row * K + best]!;
    for (let i = 0; i < d; i++) sums[best * d + i]! += product * patches[row * d + i]!;
  }
}

/** Divides each row by its length; a row of zeros stays. */
function normalizeEach(rows: Float32Array, d: number): void {
  for (let start = 0; start < rows.length; start += d) {
    let square = 0;
    for (let i = start; i < start + d; i++) square += rows[i]! ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = start; i < start + d; i++) rows[i]! *= scale;
  }
}

/** Filters `a = dW - mean(dW)` [K, d] and their bias `dW · m` [K], of a dictionary d [K, d]. */
export function filtersOf(
  dictionary: Float32Array,
  {
    dimension: d,
    whitening,
    means,
  }: { dimension: number; whitening: Float32Array; means: Float64Array },
): { weights: Float32Array; bias: Float32Array } {
  const K = dictionary.length / d;
  const weights = new Float32Array(K * d);
  const bias = new Float32Array(K);
  const row = new Float64Array(d);
  for (let k = 0; k < K; k++) {
    row.fill(0);
    for (let i = 0; i < d; i++) {
      const value = dictionary[k * d + i]!;
      for (let j = 0; j < d; j++) row[j]! += value * whitening[i * d + j]!;
    }
    bias[k] = row.reduce((sum, value, j) => sum + value * means[j]!, 0);
    const mean = row.reduce((sum, value) => sum + value, 0) / d;
    for (let j = 0; j < d; j++) weights[k * d + j] = row[j]! - mean;
  }
  return { weights, bias };
}
