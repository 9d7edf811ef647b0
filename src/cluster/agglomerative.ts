/**
 * Agglomerative clustering with Ward's criterion: from one cluster per row, the two whose union adds least to the sum of
 * squares are joined, until K are left.
 *
 * `d(i ∪ j, k)² = ((n_i + n_k) d_ik² + (n_j + n_k) d_jk² - n_k d_ij²) / (n_i + n_j + n_k)` (Lance and Williams).
 *
 * Found by following nearest neighbours until two are each other's (chain of nearest neighbours): N² time, where looking
 * for the smallest distance anew takes N³. The table of distances is N² as well, so of many rows a seeded sample is
 * grouped, and each other row joins the cluster of nearest mean.
 *
 * Sources: Ward 1963; Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983 (chain).
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Engine } from '../runtime/index.ts';
import { argMax, input, matmul, sub, transpose } from '../tensor/index.ts';
import { blockAt, blocksOf } from './blocks.ts';
import { columnMeans, type Features, featuresOf, selectRows } from './features.ts';
import { distinctRows } from './kmeans/seeding.ts';

export interface AgglomerativeOptions {
  /** Clusters. */
  k: number;
  /** Most rows that are joined pair by pair. */
  sample?: number;
  seed?: number;
  signal?: AbortSignal;
}

/** Cluster of each row, `[N]`; the same seed gives the same clusters. */
export async function agglomerativeClusters(
  engine: Engine,
  features: Features,
  { k, sample = 3000, seed = 0, signal }: AgglomerativeOptions,
): Promise<Int32Array> {
  const { count, dimension } = features;
  if (!Number.isInteger(k) || k < 1 || k > Math.min(count, sample)) {
    throw new LikenessError(
      'agglomerative.k',
      `agglomerative: received k = ${k} for ${Math.min(count, sample)} rows; expected a whole number from 1 to ${Math.min(count, sample)}`,
    );
  }
  const centred = shifted(features);
  if (count <= sample) return wardCut(await squaredDistances(engine, centred), count, k);
  const drawn = distinctRows(count, sample, randomAt(seed, 'cluster', 0, 0, 12));
  const chosen = selectRows(centred, drawn);
  const distances = await squaredDistances(engine, chosen);
  signal?.throwIfAborted();
  const own = wardCut(distances, sample, k);
  const means = new Float32Array(k * dimension);
  const sizes = new Float64Array(k);
  for (const cluster of own) sizes[cluster]!++;
  for (let row = 0; row < sample; row++)
    for (let d = 0; d < dimension; d++)
      means[own[row]! * dimension + d]! += chosen.data[row * dimension + d]! / sizes[own[row]!]!;
  const clusters = await nearestMeans(engine, centred, featuresOf(means, dimension));
  for (const [i, row] of drawn.entries()) clusters[row] = own[i]!;
  return clusters;
}

/** Distances do not change when the mean is taken away; rounding does. */
function shifted(features: Features): Features {
  const means = columnMeans(features);
  const { data, count, dimension } = features;
  return { data: data.map((value, i) => value - means[i % dimension]!), count, dimension };
}

/** `|x_i - x_j|²` of all pairs, `[N, N]`; products on the engine. */
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

/** Nearest of the means for each row: the largest `x·m - |m|²/2`. */
async function nearestMeans(engine: Engine, features: Features, means: Features): Promise<Int32Array> {
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
 * Ward's tree of n rows cut at K clusters, which are numbered by their first row. `squared` `[n, n]` is used up.
 *
 * A merge joins the clusters of two rows that stand for them (`a`, `b`), at a height; the chain finds merges out of
 * order, so they are sorted before the cut.
 */
export function wardCut(squared: Float64Array, n: number, k: number): Int32Array {
  const sizes = new Float64Array(n).fill(1);
  const active = new Set(sizes.keys());
  const merges: { a: number; b: number; height: number }[] = [];
  const chain: number[] = [];
  while (active.size > 1) {
    if (chain.length === 0) chain.push(active.values().next().value!);
    const tip = chain.at(-1)!;
    const before = chain.at(-2);
    let nearest = before ?? -1;
    let least = before === undefined ? Number.POSITIVE_INFINITY : squared[tip * n + before]!;
    for (const other of active) {
      // On a tie the one before is kept, or the chain could go in circles.
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
  merges.sort((left, right) => left.height - right.height);
  const parents = Int32Array.from(sizes.keys());
  const rootOf = (row: number): number => {
    let root = row;
    while (parents[root] !== root) root = parents[root]!;
    return root;
  };
  for (const { a, b } of merges.slice(0, n - k)) {
    const [first, second] = [rootOf(a), rootOf(b)].sort((x, y) => x - y) as [number, number];
    parents[second] = first;
  }
  const numbers = new Map<number, number>();
  return Int32Array.from({ length: n }, (_, row) => {
    const root = rootOf(row);
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    return numbers.get(root)!;
  });
}
