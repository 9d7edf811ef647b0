/**
 * Agglomerative clustering with Ward's criterion: starting with one cluster per row, the two
 * clusters whose union adds least to the sum of squares are merged, until K are left.
 *
 * `d(i ∪ j, k)² = ((n_i + n_k) d_ik² + (n_j + n_k) d_jk² - n_k d_ij²) / (n_i + n_j + n_k)`
 * (Lance and Williams).
 *
 * The nearest-neighbor chain finds the merges in N² time; a search for the smallest distance in
 * each step takes N³. The matrix of distances is N² as well. Above `sample` rows, a seeded sample
 * is clustered, and each other row joins the cluster with the nearest mean.
 *
 * Sources: Ward 1963; Murtagh, "A survey of recent advances in hierarchical clustering algorithms",
 * 1983 (chain).
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { argMax, input, matmul, sub, transpose } from '../tensor/index.ts';
import { blockAt, blocksOf } from './blocks.ts';
import { disjointSets } from './disjointSets.ts';
import {
  distinctRows,
  type FeatureInput,
  type Features,
  featuresOf,
  selectRows,
  toFeatures,
  withoutMean,
} from './features.ts';
import { withEngine } from './withEngine.ts';

export interface AgglomerativeOptions {
  /** Largest number of rows that are merged pair by pair. Default 3000. */
  sample?: number;
  /** Seed of the sample. Default 0. */
  seed?: number;
  /** Engine to run on. Default: a new one, closed at the end. */
  engine?: Engine;
  signal?: AbortSignal;
}

const checkAgglomerative = optionCheck<AgglomerativeOptions>({
  sample: wholeNumber(1),
  seed: wholeNumber(0),
  engine: checkedLater,
  signal: abortSignal,
});

/**
 * Clusters rows `[N, D]` into K clusters and returns the cluster of each row, `[N]`. The same seed
 * gives the same clusters.
 *
 * Throws `LikenessError` when `k` is not an integer from 1 to the smaller of N and `sample`.
 *
 * @example
 * await agglomerativeClusters([[0], [1], [9], [8]], 2); // [0, 0, 1, 1]
 */
export async function agglomerativeClusters(
  features: FeatureInput,
  k: number,
  given: AgglomerativeOptions = {},
): Promise<Int32Array> {
  checkAgglomerative(given);
  const { engine, ...options } = given;
  return withEngine(engine, (engine) => wardClusters(engine, toFeatures(features), k, options));
}

async function wardClusters(
  engine: Engine,
  features: Features,
  k: number,
  { sample = 3000, seed = 0, signal }: Omit<AgglomerativeOptions, 'engine'>,
): Promise<Int32Array> {
  const { count, dimension } = features;
  const most = Math.min(count, sample);
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new LikenessError(
      'agglomerative.k',
      `agglomerative: received k = ${k} for ${most} rows; expected a whole number from 1 to ${most}`,
    );
  }
  const centered = withoutMean(features);
  if (count <= sample) return wardCut(await squaredDistances(engine, centered), count, k);
  const drawn = distinctRows(count, sample, randomAt(seed, 'agglomerative'));
  const chosen = selectRows(centered, drawn);
  const distances = await squaredDistances(engine, chosen);
  signal?.throwIfAborted();
  const own = wardCut(distances, sample, k);
  const means = new Float32Array(k * dimension);
  const sizes = new Float64Array(k);
  for (const cluster of own) sizes[cluster]!++;
  for (let row = 0; row < sample; row++)
    for (let d = 0; d < dimension; d++)
      means[own[row]! * dimension + d]! += chosen.data[row * dimension + d]! / sizes[own[row]!]!;
  const clusters = await nearestMeans(engine, centered, featuresOf(means, dimension));
  for (const [i, row] of drawn.entries()) clusters[row] = own[i]!;
  return clusters;
}

/** Computes `|x_i - x_j|²` of all pairs, `[N, N]`, from products on the engine. */
async function squaredDistances(engine: Engine, features: Features): Promise<Float64Array> {
  const { data, count, dimension } = features;
  const norms = new Float64Array(count);
  for (let i = 0; i < data.length; i++) norms[Math.floor(i / dimension)]! += data[i]! ** 2;
  const blocks = blocksOf(count, Math.max(count, dimension));
  const rows = input('rows', [blocks.size, dimension]);
  const all = input('all', [count, dimension]);
  const exe = await engine.compile({
    outputs: { products: matmul(rows, transpose(all)) }, // [block, N]
    state: [{ current: all }],
  });
  const squared = new Float64Array(count * count);
  try {
    await exe.writeState({ all: data });
    for (let b = 0; b < blocks.number; b++) {
      const block = blockAt(features, blocks, b);
      const { products } = await exe.run({ rows: block.data }, { transfer: true });
      for (let row = 0; row < block.rows; row++) {
        const i = block.start + row;
        for (let j = 0; j < count; j++) {
          const value = norms[i]! + norms[j]! - 2 * (products![row * count + j] as number);
          squared[i * count + j] = i === j ? 0 : Math.max(0, value);
        }
      }
    }
  } finally {
    await exe.dispose();
  }
  return squared;
}

/** Finds the nearest mean of each row: the largest `x·m - |m|²/2`. */
async function nearestMeans(
  engine: Engine,
  features: Features,
  means: Features,
): Promise<Int32Array> {
  const { count, dimension } = features;
  const blocks = blocksOf(count, Math.max(means.count, dimension));
  const x = input('x', [blocks.size, dimension]);
  const m = input('m', [means.count, dimension]);
  const half = input('half', [means.count]);
  const nearest = argMax(sub(matmul(x, transpose(m)), half)); // [block]
  const exe = await engine.compile({
    outputs: { nearest },
    state: [{ current: m }, { current: half }],
  });
  const clusters = new Int32Array(count);
  try {
    const halves = new Float32Array(means.count);
    means.data.forEach((value, i) => {
      halves[Math.floor(i / dimension)]! += value ** 2 / 2;
    });
    await exe.writeState({ m: means.data, half: halves });
    for (let b = 0; b < blocks.number; b++) {
      const block = blockAt(features, blocks, b);
      const found = (await exe.run({ x: block.data }, { transfer: true })).nearest!;
      for (let row = 0; row < block.rows; row++) clusters[block.start + row] = Number(found[row]);
    }
  } finally {
    await exe.dispose();
  }
  return clusters;
}

/**
 * Cuts Ward's tree of n rows at K clusters, numbered by their first row. Overwrites `squared`
 * `[n, n]`, the squared distances.
 */
export function wardCut(squared: Float64Array, n: number, k: number): Int32Array {
  // The chain finds merges out of order.
  const merges = wardMerges(squared, n).sort((left, right) => left.height - right.height);
  const sets = disjointSets(n);
  for (const { a, b } of merges.slice(0, n - k)) sets.join(a, b);
  return sets.numbered();
}

/** Merge of the clusters that rows `a` and `b` represent, at squared distance `height`. */
interface Merge {
  readonly a: number;
  readonly b: number;
  readonly height: number;
}

/** Finds all n - 1 merges by the nearest-neighbor chain. Overwrites `squared` `[n, n]`. */
function wardMerges(squared: Float64Array, n: number): Merge[] {
  const sizes = new Float64Array(n).fill(1);
  const active = new Set(sizes.keys());
  const merges: Merge[] = [];
  const chain: number[] = [];
  while (active.size > 1) {
    if (chain.length === 0) chain.push(active.values().next().value!);
    const tip = chain.at(-1)!;
    const before = chain.at(-2);
    let nearest = before ?? -1;
    let least = before === undefined ? Number.POSITIVE_INFINITY : squared[tip * n + before]!;
    for (const other of active) {
      // Ties go to the previous link, otherwise the chain could run in circles.
      if (other !== tip && squared[tip * n + other]! < least) {
        least = squared[tip * n + other]!;
        nearest = other;
      }
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [a, b] = tip < nearest ? [tip, nearest] : [nearest, tip];
    merges.push({ a, b, height: least });
    active.delete(b);
    const [na, nb] = [sizes[a]!, sizes[b]!];
    for (const other of active) {
      if (other === a) continue;
      const no = sizes[other]!;
      const joined =
        ((na + no) * squared[a * n + other]! + (nb + no) * squared[b * n + other]! - no * least) /
        (na + nb + no);
      squared[a * n + other] = joined;
      squared[other * n + a] = joined;
    }
    sizes[a] = na + nb;
  }
  return merges;
}
