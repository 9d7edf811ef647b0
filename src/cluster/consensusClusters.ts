/**
 * Consensus of several clusterings: rows that most of them put together share a cluster.
 *
 * 1. Members: `smoothed-kmeans` and spectral clustering, each from several seeds, and graphs with
 *    several numbers of neighbors.
 * 2. Row i of a table is the one-hot cluster of row i in each of M members, side by side, [N, M K].
 *    The product of two rows is the number of members in which they share a cluster.
 * 3. K-means clusters the rows of this table.
 *
 * K-means and graphs err on different rows, and one start of either on others than the next, so
 * that the consensus is steadier than its members.
 *
 * Sources: Strehl and Ghosh, "Cluster ensembles", JMLR 2002 (co-membership); Topchy, Jain and
 * Punch, "Combining multiple weak clusterings", ICDM 2003 (k-means on the table).
 */
import type { Engine } from '../backends/index.ts';
import { abortSignal, callback, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { nmi } from '../metrics/index.ts';
import { assign } from './assign.ts';
import { type Features, featuresOf } from './features.ts';
import { fitCentroids } from './fitCentroids.ts';
import { kmeans } from './kmeans/kmeans.ts';
import { rowsOf } from './rows.ts';
import { spectralClusters } from './spectral.ts';

export interface ConsensusOptions {
  engine: Engine;
  /** Members of each kind. */
  members: number;
  /** Neighbors per row in a graph of spectral clustering, on average. Default 10. */
  neighbors?: number;
  seed: number;
  /** Receives the number of members that are done. */
  onProgress?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const checkConsensus = optionCheck<Omit<ConsensusOptions, 'engine'>>({
  members: wholeNumber(1),
  neighbors: wholeNumber(1),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface Consensus {
  /** Cluster of each row, [N]. */
  readonly assignments: Int32Array;
  /** Clusters of each member, [N]. */
  readonly members: readonly Int32Array[];
  /** Mean NMI of the members with the consensus, 0 to 1. */
  readonly agreement: number;
}

/** Neighbors of the members' graphs, relative to `neighbors`, in turns. */
const GRAPH_SIZES = [1.5, 1, 0.6];
/** Starts of k-means on the table. */
const RESTARTS = 10;
/** Number of seeds of members. */
const SEEDS = 2 ** 31;

/**
 * Clusters unit rows `[N, D]` into K clusters. The same seed gives the same clusters.
 *
 * @example
 * const { assignments } = await consensusClusters(rows, 10, { engine, members: 2, seed: 0 });
 */
export async function consensusClusters(
  unit: Features,
  k: number,
  { engine, ...given }: ConsensusOptions,
): Promise<Consensus> {
  checkConsensus(given);
  const { members, neighbors = 10, seed, onProgress, signal } = given;
  const found: Int32Array[] = [];
  for (let member = 0; member < members; member++) {
    const own = { seed: randomAt(seed, 'consensusMembers', member).bits() % SEEDS, signal };
    const { centroids } = await fitCentroids(engine, rowsOf(unit), k, {
      algorithm: 'smoothed-kmeans',
      ...own,
    });
    found.push((await assign(engine, unit, centroids)).assignments);
    onProgress?.(found.length);
    const size = Math.max(1, Math.round(neighbors * GRAPH_SIZES[member % GRAPH_SIZES.length]!));
    found.push(await spectralClusters(unit, k, { ...own, engine, neighbors: size }));
    onProgress?.(found.length);
  }
  return joinClusterings(found, k, { engine, seed, signal });
}

/**
 * Joins clusterings of the same rows to K clusters, on which they agree best.
 *
 * @param members clusters 0 to K - 1 of each row, [N] each
 * @example
 * const members = [[0, 0, 1, 1], [1, 1, 0, 0]];
 * const { assignments } = await joinClusterings(members, 2, { engine, seed: 0 });
 */
export async function joinClusterings(
  members: readonly ArrayLike<number>[],
  k: number,
  { engine, seed, signal }: Pick<ConsensusOptions, 'engine' | 'seed' | 'signal'>,
): Promise<Consensus> {
  const found = members.map((member) => Int32Array.from(member));
  const { assignments } = await kmeans(membershipTable(found, k), k, {
    ...{ engine, metric: 'spherical', start: 'plusPlus', restarts: RESTARTS, seed, signal },
  });
  const agreement = found.reduce((sum, own) => sum + nmi(own, assignments), 0) / found.length;
  return { assignments, members: found, agreement };
}

/** Writes the one-hot clusters of all members side by side, [N, M K], rows of length 1. */
export function membershipTable(members: readonly Int32Array[], k: number): Features {
  const M = members.length;
  const count = members[0]!.length;
  const table = new Float32Array(count * M * k);
  members.forEach((assignments, m) => {
    for (let i = 0; i < count; i++) table[i * M * k + m * k + assignments[i]!] = 1 / Math.sqrt(M);
  });
  return featuresOf(table, M * k);
}
