/** Lloyd's iteration: assignment and update steps in turn, until every restart has come to rest. */
import type { Engine } from '../../backends/index.ts';
import { randomAt } from '../../core/random.ts';
import { columnVariances, type Features, featuresOf, normalizeRows } from '../features.ts';
import { prepareBoundedScorer } from './boundedScorer.ts';
import { prepareCentroidUpdate } from './centroidUpdate.ts';
import { splitForEmpty } from './emptyClusters.ts';
import { prepareFullScorer } from './fullScorer.ts';
import { isActive, type KmeansMetric, type KmeansRun } from './run.ts';

/** Least number of clusters for which bounds save more time than they take. */
const MIN_BOUNDED_CLUSTERS = 400;

export interface LloydOptions {
  metric: KmeansMetric;
  iterations: number;
  tolerance: number;
  seed: number;
  /** Called after each assignment. */
  onStep?(): void;
  signal?: AbortSignal;
}

/**
 * Iterates all runs, in place. `work` holds centered (Euclidean) or normalized (spherical) rows.
 */
export async function lloyd(
  engine: Engine,
  work: Features,
  runs: readonly KmeansRun[],
  { metric, iterations, tolerance, seed, onStep, signal }: LloydOptions,
): Promise<void> {
  const { dimension } = work;
  const k = runs[0]!.sizes.length;
  const prepare = k < MIN_BOUNDED_CLUSTERS ? prepareFullScorer : prepareBoundedScorer;
  const scorer = await prepare(engine, work, { k, restarts: runs.length, metric });
  const update = await prepareCentroidUpdate(engine, { k, dimension, metric });
  let shiftTolerance: number | undefined;
  try {
    while (runs.some(isActive)) {
      signal?.throwIfAborted();
      const assigned = scorer.assign(runs);
      // Computed while the engine works.
      shiftTolerance ??= tolerance === 0 ? 0 : tolerance * meanVariance(work);
      const sums = await assigned;
      onStep?.();
      for (const run of runs) {
        if (run.state === 'finishing')
          run.state = run.iterations < iterations ? 'converged' : 'stopped';
        if (run.state !== 'iterating') continue;
        const { changed, total } = sums[run.index]!;
        if (changed === 0) {
          run.state = 'converged';
          continue;
        }
        const { centroids, shift } = await update.run(total, run.sizes, run.centroids);
        run.centroids = centroids;
        run.iterations++;
        const hasRepaired = repairEmpty(run, { dimension, metric, seed });
        const isAtRest = !hasRepaired && shift <= shiftTolerance;
        if (isAtRest || run.iterations >= iterations) run.state = 'finishing';
      }
    }
  } finally {
    await update.dispose();
    await scorer.dispose();
  }
}

function meanVariance(features: Features): number {
  return columnVariances(features).reduce((a, b) => a + b, 0) / features.dimension;
}

/** Gives empty clusters half of large ones. Returns true when there were any. */
function repairEmpty(
  run: KmeansRun,
  { dimension, metric, seed }: { dimension: number; metric: KmeansMetric; seed: number },
): boolean {
  const random = randomAt(seed, 'kmeansDonors', run.index, run.iterations);
  const repaired = splitForEmpty(run.centroids, run.sizes.slice(), dimension, random);
  run.repaired += repaired;
  if (repaired > 0 && metric === 'spherical') {
    run.centroids = normalizeRows(featuresOf(run.centroids, dimension)).data;
  }
  return repaired > 0;
}
