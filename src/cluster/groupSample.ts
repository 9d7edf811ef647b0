/**
 * Groups of a sample of rows at several resolutions, with measures of each, beside those of
 * surrogate rows without groups.
 */
import type { Engine } from '../backends/index.ts';
import { type Random, randomAt } from '../core/random.ts';
import { aboveChance, adjustedRand, neighborPurity } from '../metrics/index.ts';
import { columnMeans, type Features, normalizeRows } from './features.ts';
import { assortativity, louvain } from './louvain.ts';
import { jaccardGraph } from './neighborGraph.ts';
import { type Neighbors, nearestNeighbors } from './neighbors.ts';

/** Groups of a sample at one resolution. */
export interface Level {
  /** Group of each row, `[N]`. */
  readonly assignments: Int32Array;
  readonly groups: number;
  /** Number of groups of surrogate rows. */
  readonly surrogateGroups: number;
  /**
   * Assortativity of the groups, and of the groups of surrogate rows at the same resolution. Where
   * these are one group, which has none, `chance` is that of the next finer resolution.
   */
  readonly separation: number;
  readonly chance: number;
  /** ARI between two orders of the vertices. */
  readonly seedStability: number;
  /** Neighbor purity above chance. */
  readonly purity: number;
}

export interface GroupedSample {
  readonly rows: Features;
  /** Groups at each resolution. */
  readonly levels: readonly Level[];
}

/** Nearest neighbors per row: at most these, and no more than one in twenty rows. */
const MAX_NEIGHBORS = 20;
const MIN_NEIGHBORS = 3;
const ROWS_PER_NEIGHBOR = 20;
/** Rows mixed into one surrogate row, enough for groups to vanish. */
const MIXED_ROWS = 32;

/** Finds the groups of unit rows `[N, D]` at each resolution, from the coarsest on. */
export async function groupSample(
  engine: Engine,
  rows: Features,
  { resolutions, seed, sample }: { resolutions: readonly number[]; seed: number; sample: number },
): Promise<GroupedSample> {
  const real = await nearestNeighbors(engine, rows, rows, {
    k: neighborsOf(rows),
    exclude: 'self',
  });
  const surrogate = surrogateRows(rows, randomAt(seed, 'suggestKParts', sample));
  const without = await nearestNeighbors(engine, surrogate, surrogate, {
    k: real.k,
    exclude: 'self',
  });
  const graph = jaccardGraph(real, rows.count);
  const surrogateGraph = jaccardGraph(without, rows.count);
  const chances = chancesOf(
    resolutions.map((resolution) => {
      const groups = louvain(surrogateGraph, { resolution, seed });
      return { groups: groupsOf(groups), separation: assortativity(surrogateGraph, groups) };
    }),
  );
  const levels = resolutions.map((resolution, at): Level => {
    const assignments = louvain(graph, { resolution, seed });
    const again = louvain(graph, { resolution, seed: seed + 1 });
    const { consistency, chance } = neighborPurity(real, assignments);
    return {
      assignments,
      groups: groupsOf(assignments),
      ...chances[at]!,
      separation: assortativity(graph, assignments),
      seedStability: adjustedRand(assignments, again),
      purity: aboveChance(consistency, chance),
    };
  });
  return { rows, levels };
}

function groupsOf(assignments: Int32Array): number {
  return assignments.reduce((most, group) => Math.max(most, group), 0) + 1;
}

/** Assortativity of surrogate rows at each resolution, for comparison with that of the rows. */
function chancesOf(
  surrogates: readonly { groups: number; separation: number }[],
): Pick<Level, 'surrogateGroups' | 'chance'>[] {
  const chances: Pick<Level, 'surrogateGroups' | 'chance'>[] = [];
  for (const { groups, separation } of surrogates.toReversed()) {
    const chance = groups > 1 ? separation : (chances[0]?.chance ?? 0);
    chances.unshift({ surrogateGroups: groups, chance });
  }
  return chances;
}

/**
 * Computes for each resolution the ARI between the groups of a sample and those that the rows get
 * from their nearest rows in the next sample, by majority. Values are means over the samples. A
 * single sample is compared with itself.
 */
export async function agreementOfSamples(
  engine: Engine,
  samples: readonly GroupedSample[],
): Promise<Float64Array> {
  const sums = new Float64Array(samples[0]!.levels.length);
  for (const [s, { rows, levels }] of samples.entries()) {
    const other = samples[(s + 1) % samples.length]!;
    const near = await nearestNeighbors(engine, rows, other.rows, { k: neighborsOf(rows) });
    levels.forEach(({ assignments }, at) => {
      const voted = majority(near, other.levels[at]!.assignments, rows.count);
      sums[at]! += adjustedRand(assignments, voted) / samples.length;
    });
  }
  return sums;
}

function neighborsOf({ count }: Features): number {
  const fraction = Math.round(count / ROWS_PER_NEIGHBOR);
  return Math.min(count - 1, MAX_NEIGHBORS, Math.max(MIN_NEIGHBORS, fraction));
}

/** Most frequent group among the neighbors of each row, of equal ones that of the nearest row. */
function majority({ k, indices }: Neighbors, groups: Int32Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => {
    const votes = new Map<number, number>();
    for (let i = row * k; i < (row + 1) * k; i++) {
      const group = groups[indices[i]!]!;
      votes.set(group, (votes.get(group) ?? 0) + 1);
    }
    let best = -1;
    let most = 0;
    for (const [group, number] of votes) {
      if (number <= most) continue;
      best = group;
      most = number;
    }
    return best;
  });
}

/**
 * Makes surrogate rows: the mean plus `sum_j ±(x_j - mean) / sqrt(32)` over 32 random rows, then
 * scaled to norm 1. They have the covariance of the rows. Groups average out, and the result is
 * close to one Gaussian cloud.
 */
function surrogateRows(features: Features, random: Random): Features {
  const { count, dimension } = features;
  const means = columnMeans(features);
  const data = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const at = i * dimension;
    for (let d = 0; d < dimension; d++) data[at + d] = means[d]!;
    for (let j = 0; j < MIXED_ROWS; j++) {
      const weight = (random.chance(0.5) ? 1 : -1) / Math.sqrt(MIXED_ROWS);
      const from = random.integer(count) * dimension;
      for (let d = 0; d < dimension; d++)
        data[at + d]! += weight * (features.data[from + d]! - means[d]!);
    }
  }
  return normalizeRows({ data, count, dimension });
}
