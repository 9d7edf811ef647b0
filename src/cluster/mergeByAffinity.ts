/**
 * Agglomerative clustering of a directed graph of nearest neighbors, by affinities of clusters.
 *
 * 1. `W_ij = exp(-d_ij / s²)` where j is one of the k nearest neighbors of i, else 0. d_ij are
 *    squared distances and s² is their mean over all neighbors.
 * 2. First clusters: each row joins its nearest neighbor, so that a chain of nearest neighbors is
 *    one cluster.
 * 3. Affinity of clusters a and b, with `A(a→b) = 1ᵀ W_ab W_ba 1`:
 *    `A(a, b) = A(a→b) / |a|² + A(b→a) / |b|²`.
 * 4. The pair is merged in which a cluster has its largest affinity A_1, plus, while more than 100
 *    clusters are left, the mean lead `Σ_{k=2..5} (A_1 - A_k) / 4` over its next ones; of all
 *    clusters the one with the largest sum. Until K are left.
 * 5. `A(c→ab) = A(c→a) + A(c→b)` and `A(ab→c) = A(a→c) + A(b→c)`.
 *
 * The graph has k entries per row, so memory is in proportion to N.
 *
 * Sources: Zhang, Wang, Zhao and Tang, "Graph degree linkage", 2012 (3); Yang, Parikh and Batra,
 * "Joint unsupervised learning of deep representations and image clusters", 2016 (4), with the
 * authors' `affinity.lua` and `agg_clustering.lua`. Differences: their matrices are dense; their
 * chains end after 50 rows. Where no clusters have an affinity, the smallest one joins the cluster
 * that most of its outgoing weight reaches; theirs then merge in the order of numbers.
 */
import { disjointSets } from './disjointSets.ts';
import type { EuclideanNeighbors } from './euclideanNeighbors.ts';

/** Directed graph with k entries per row. */
export interface NeighborWeights {
  readonly k: number;
  /** `[N, k]`, nearest first. */
  readonly indices: Int32Array;
  /** `[N, k]`, above 0 and at most 1. */
  readonly weights: Float64Array;
}

/** Number K_c of affinities that step 4 reads, and of clusters above which it reads them. */
const COMPARED = 5;
const MANY_CLUSTERS = 100;

/** Computes the weights of step 1. */
export function neighborWeights({ k, indices, squared }: EuclideanNeighbors): NeighborWeights {
  const mean = squared.reduce((sum, d) => sum + d, 0) / squared.length;
  return { k, indices, weights: squared.map((d) => (mean > 0 ? Math.exp(-d / mean) : 1)) };
}

/** Finds the first clusters, step 2, `[N]`, numbered by their first row. */
export function nearestNeighborChains({
  k,
  indices,
}: Pick<NeighborWeights, 'k' | 'indices'>): Int32Array {
  const count = indices.length / k;
  const sets = disjointSets(count);
  for (let row = 0; row < count; row++) sets.join(row, indices[row * k]!);
  return sets.numbered();
}

/**
 * Computes `A(a→b)` of all clusters, by a, then b. Where a map has b, the map of b has a, so that
 * some values are 0.
 */
export function clusterAffinities(
  { k, indices, weights }: NeighborWeights,
  clusters: ArrayLike<number>,
): Map<number, number>[] {
  const count = indices.length / k;
  let number = 0;
  for (let row = 0; row < count; row++) number = Math.max(number, clusters[row]! + 1);
  // Weights from clusters to each row, and from each row to clusters.
  const into = Array.from({ length: count }, () => new Map<number, number>());
  const outOf = Array.from({ length: count }, () => new Map<number, number>());
  for (let i = 0; i < indices.length; i++) {
    const [row, other] = [Math.floor(i / k), indices[i]!];
    increase(into[other]!, clusters[row]!, weights[i]!);
    increase(outOf[row]!, clusters[other]!, weights[i]!);
  }
  const affinities = Array.from({ length: number }, () => new Map<number, number>());
  for (let row = 0; row < count; row++) {
    const own = clusters[row]!;
    for (const [a, weight] of into[row]!) {
      const back = outOf[row]!.get(a);
      if (a === own || back === undefined) continue;
      increase(affinities[a]!, own, weight * back);
      increase(affinities[own]!, a, 0);
    }
  }
  return affinities;
}

function increase(map: Map<number, number>, key: number, by: number): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

/** Affinity `A(a, b)` of two clusters, 0 where no path leads from one to the other and back. */
export function affinityOf(
  affinities: readonly ReadonlyMap<number, number>[],
  sizes: ArrayLike<number>,
  [a, b]: readonly [number, number],
): number {
  const there = affinities[a]!.get(b);
  if (there === undefined) return 0;
  return there / sizes[a]! ** 2 + affinities[b]!.get(a)! / sizes[b]! ** 2;
}

/** Best merge of a cluster: its sum of step 4, and the other cluster. */
interface Candidate {
  readonly score: number;
  readonly other: number;
}

/**
 * Merges clusters `[N]`, numbered from 0, until `to` are left. Returns the cluster of each row,
 * `[N]`, numbered by their first row. Clusters that are not more already stay as they are.
 */
export function mergeByAffinity(
  graph: NeighborWeights,
  clusters: ArrayLike<number>,
  to: number,
): Int32Array {
  const count = clusters.length;
  const affinities = clusterAffinities(graph, clusters);
  const members = affinities.map((): number[] => []);
  for (let row = 0; row < count; row++) members[clusters[row]!]!.push(row);
  const own = Int32Array.from(clusters);
  const sizes = members.map(({ length }) => length);
  const left = new Set(members.keys());
  let best = affinities.map((_, cluster) => bestMerge(affinities, sizes, cluster, left.size));

  function merge(a: number, b: number): void {
    const touched = new Set([...affinities[a]!.keys(), ...affinities[b]!.keys()]);
    for (const other of touched) {
      if (other === a || other === b) continue;
      const row = affinities[other]!;
      row.set(a, (row.get(a) ?? 0) + (row.get(b) ?? 0));
      row.delete(b);
      increase(affinities[a]!, other, affinities[b]!.get(other) ?? 0);
    }
    affinities[a]!.delete(b);
    affinities[b]!.clear();
    for (const row of members[b]!) own[row] = a;
    members[a]!.push(...members[b]!);
    members[b] = [];
    sizes[a]! += sizes[b]!;
    left.delete(b);
    touched.add(a).delete(b);
    if (left.size === MANY_CLUSTERS) {
      best = best.map((_, c) => bestMerge(affinities, sizes, c, left.size));
      return;
    }
    for (const c of touched) best[c] = bestMerge(affinities, sizes, c, left.size);
  }

  while (left.size > to) {
    let chosen = -1;
    for (const c of left) if (chosen < 0 || best[c]!.score > best[chosen]!.score) chosen = c;
    const [a, b] =
      best[chosen]!.score > 0
        ? [chosen, best[chosen]!.other]
        : outgoingPair(graph, { members, left, own });
    merge(Math.min(a, b), Math.max(a, b));
  }
  const numbers = new Map<number, number>();
  return own.map((cluster) => {
    if (!numbers.has(cluster)) numbers.set(cluster, numbers.size);
    return numbers.get(cluster)!;
  });
}

/** Best merge of a cluster; of equal ones that with the lower number. */
function bestMerge(
  affinities: readonly ReadonlyMap<number, number>[],
  sizes: ArrayLike<number>,
  cluster: number,
  left: number,
): Candidate {
  const found = [...affinities[cluster]!.keys()]
    .map((other) => ({ other, affinity: affinityOf(affinities, sizes, [cluster, other]) }))
    .sort((p, q) => q.affinity - p.affinity || p.other - q.other);
  if (found.length === 0) return { score: 0, other: -1 };
  const { other, affinity } = found[0]!;
  let score = affinity;
  if (left > MANY_CLUSTERS) {
    for (let k = 1; k < COMPARED; k++) {
      score += (affinity - (found[k]?.affinity ?? 0)) / (COMPARED - 1);
    }
  }
  return { score, other };
}

/**
 * Pair of the smallest cluster and the one that most of its outgoing weight reaches; the first of
 * equal ones. The two smallest clusters where no weight leaves any.
 */
function outgoingPair(
  { k, indices, weights }: NeighborWeights,
  {
    members,
    left,
    own,
  }: { members: readonly number[][]; left: ReadonlySet<number>; own: Int32Array },
): [number, number] {
  const bySize = [...left].sort((a, b) => members[a]!.length - members[b]!.length || a - b);
  for (const cluster of bySize) {
    const reached = new Map<number, number>();
    for (const row of members[cluster]!) {
      for (let i = row * k; i < (row + 1) * k; i++) {
        const other = own[indices[i]!]!;
        if (other !== cluster) increase(reached, other, weights[i]!);
      }
    }
    if (reached.size === 0) continue;
    const [most] = [...reached].sort(([a, v], [b, w]) => w - v || a - b)[0]!;
    return [cluster, most];
  }
  return [bySize[0]!, bySize[1]!];
}
