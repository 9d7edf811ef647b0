/**
 * Louvain communities of a weighted graph: groups of vertices with more weight among themselves
 * than their degrees alone would give.
 *
 * The modularity of groups C at resolution γ, with the degrees k_i and the total 2m of all weights:
 *
 *     Q = Σ_C [ w(C, C) / 2m - γ (k_C / 2m)² ],   k_C = Σ_{i in C} k_i
 *
 * 1. Every vertex is a group. Vertices are visited in a random order, and each moves to the
 *    neighboring group with the largest gain `w(i, C) - γ k_i k_C / 2m`, until none moves.
 * 2. Every group becomes one vertex, with its inner weight as a loop. Step 1 follows, until no
 *    vertex moves.
 *
 * A larger γ gives more groups. At γ = 1, Q is Newman's modularity.
 *
 * Sources: Blondel, Guillaume, Lambiotte and Lefebvre, "Fast unfolding of communities in large
 * networks", 2008; Reichardt and Bornholdt, "Statistical mechanics of community detection", 2006
 * (resolution); Newman and Girvan 2004 (modularity).
 */
import { optionCheck, positiveNumber, wholeNumber } from '../core/options.ts';
import { type Random, randomAt } from '../core/random.ts';
import { aboveChance } from '../metrics/index.ts';
import { type Graph, graphOf } from './graph.ts';

export interface LouvainOptions {
  /** Resolution γ, above 0. Default 1. */
  resolution?: number;
  /** Seed of the order in which vertices are visited. Default 0. */
  seed?: number;
}

const checkLouvain = optionCheck<LouvainOptions>({
  resolution: positiveNumber(),
  seed: wholeNumber(0),
});

/** Smallest gain that moves a vertex, relative to 2m. Smaller ones are rounding errors. */
const MIN_GAIN = 1e-12;

/**
 * Finds the communities of a graph and returns the group of each vertex, `[N]`. Groups are numbered
 * by their first vertex. The same seed gives the same groups.
 *
 * The graph has each edge in both directions, with weights of at least 0. Vertices without an edge
 * stay alone.
 *
 * @example
 * const groups = louvain(jaccardGraph(neighbors, count), { resolution: 0.6 });
 */
export function louvain(graph: Graph, options: LouvainOptions = {}): Int32Array {
  checkLouvain(options);
  const { resolution = 1, seed = 0 } = options;
  const random = randomAt(seed, 'louvainOrder');
  let level: Level = { graph, loops: new Float64Array(graph.starts.length - 1) };
  let found = Int32Array.from(level.loops, (_, vertex) => vertex); // [N]
  for (;;) {
    const groups = moveVertices(level, resolution, random);
    if (groups === null) return numbered(found).labels;
    const { labels, count } = numbered(groups);
    found = found.map((vertex) => labels[vertex]!);
    level = mergeGroups(level, labels, count);
  }
}

/**
 * Computes the modularity Q of groups `[N]` of a graph at resolution γ.
 *
 * - Range: below 1, and at least -γ. One group with all vertices: `1 - γ`.
 * - 0 for a graph without weights. Invariant to renaming the groups.
 */
export function modularity(graph: Graph, groups: Int32Array, resolution = 1): number {
  const { inside, expected } = weightInside(graph, groups);
  return inside - resolution * expected;
}

/**
 * Computes the assortativity coefficient of groups `[N]` of a graph: the modularity at γ = 1, as a
 * fraction of the one without weight between groups, `Q / (1 - Σ_C (k_C / 2m)²)`.
 *
 * - Range: at most 1. 1: no weight between groups. 0: as much inside as in random graphs with the
 *   same degrees; also for one group, and for a graph without weights.
 * - Unlike modularity it does not favor many groups.
 *
 * Source: Newman, "Mixing patterns in networks", 2003, equation 2.
 */
export function assortativity(graph: Graph, groups: Int32Array): number {
  const { inside, expected } = weightInside(graph, groups);
  return expected === 0 ? 0 : aboveChance(inside, expected);
}

/**
 * Sums the weight inside groups, and its expected value for random graphs with the same degrees, as
 * fractions of all weight. Both are 0 without weight.
 */
function weightInside(
  { starts, columns, weights }: Graph,
  groups: Int32Array,
): { inside: number; expected: number } {
  const degrees = new Map<number, number>();
  let total = 0;
  let inside = 0;
  groups.forEach((group, vertex) => {
    let degree = 0;
    for (let e = starts[vertex]!; e < starts[vertex + 1]!; e++) {
      degree += weights[e]!;
      if (groups[columns[e]!] === group) inside += weights[e]!;
    }
    total += degree;
    degrees.set(group, (degrees.get(group) ?? 0) + degree);
  });
  if (total === 0) return { inside: 0, expected: 0 };
  let expected = 0;
  for (const degree of degrees.values()) expected += (degree / total) ** 2;
  return { inside: inside / total, expected };
}

/** Graph of groups: weights between them, and twice the weight inside each as its loop. */
interface Level {
  readonly graph: Graph;
  readonly loops: Float64Array;
}

/** Moves vertices until no move gains. Returns their groups, or null where none has moved. */
function moveVertices(
  { graph, loops }: Level,
  resolution: number,
  random: Random,
): Int32Array | null {
  const { starts, columns, weights } = graph;
  const count = loops.length;
  const degrees = Float64Array.from(loops);
  for (let vertex = 0; vertex < count; vertex++) {
    for (let e = starts[vertex]!; e < starts[vertex + 1]!; e++) degrees[vertex]! += weights[e]!;
  }
  const total = degrees.reduce((sum, degree) => sum + degree, 0);
  if (total === 0) return null;
  const order = random.shuffle(Int32Array.from(loops, (_, vertex) => vertex));
  const groups = Int32Array.from(loops, (_, vertex) => vertex);
  const groupDegrees = Float64Array.from(degrees);
  const shared = new Float64Array(count); // weight between the vertex and each group
  const touched: number[] = [];
  let moved = false;
  for (let again = true; again; ) {
    again = false;
    for (const vertex of order) {
      const own = groups[vertex]!;
      for (let e = starts[vertex]!; e < starts[vertex + 1]!; e++) {
        const group = groups[columns[e]!]!;
        if (shared[group] === 0) touched.push(group);
        shared[group]! += weights[e]!;
      }
      groupDegrees[own]! -= degrees[vertex]!;
      const scale = (resolution * degrees[vertex]!) / total;
      let best = own;
      let most = shared[own]! - scale * groupDegrees[own]!;
      for (const group of touched) {
        const gain = shared[group]! - scale * groupDegrees[group]!;
        if (gain <= most + MIN_GAIN * total) continue;
        best = group;
        most = gain;
      }
      for (const group of touched) shared[group] = 0;
      touched.length = 0;
      groupDegrees[best]! += degrees[vertex]!;
      if (best === own) continue;
      groups[vertex] = best;
      again = true;
      moved = true;
    }
  }
  return moved ? groups : null;
}

/** Makes each group a vertex of the next level. */
function mergeGroups({ graph, loops }: Level, labels: Int32Array, count: number): Level {
  const { starts, columns, weights } = graph;
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  const merged = new Float64Array(count);
  labels.forEach((group, vertex) => {
    merged[group]! += loops[vertex]!;
    for (let e = starts[vertex]!; e < starts[vertex + 1]!; e++) {
      const other = labels[columns[e]!]!;
      if (other === group) merged[group]! += weights[e]!;
      else rows[group]!.set(other, (rows[group]!.get(other) ?? 0) + weights[e]!);
    }
  });
  return { graph: graphOf(rows), loops: merged };
}

/** Numbers groups by their first vertex. */
function numbered(groups: Int32Array): { labels: Int32Array; count: number } {
  const names = new Map<number, number>();
  const labels = groups.map((group) => {
    const known = names.get(group);
    if (known !== undefined) return known;
    names.set(group, names.size);
    return names.size - 1;
  });
  return { labels, count: names.size };
}
