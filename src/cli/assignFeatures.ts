/** Assigning images to a run's stored clusters, whoever made these. */
import { type AssignResult, assign, type Features, featuresOf, normalizeRows } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Clustering, learnedAssignment, openHead, type TrainedRun } from '../run/index.ts';
import type { Engine } from '../runtime/index.ts';

/** As `cluster` does it: by the method's own head where the clusters are its, otherwise to the nearest centroid. */
export async function assignFeatures(
  engine: Engine,
  { config: { settings }, state }: TrainedRun,
  { centroids: data, dimension, temperature, head: outputs }: Clustering,
  features: Features,
): Promise<AssignResult> {
  const centroids = featuresOf(data, dimension);
  if (outputs === undefined) return assign(engine, features, centroids, { temperature });
  const head = await openHead({ engine, settings, state });
  try {
    const y = await head.assign?.(features); // [n, M]
    if (y === undefined || outputs.some((output) => output >= y.dimension)) {
      throw new LikenessError(
        'clustering.stale',
        `the clusters were learned by a head that the run does not have (${settings.method}). Make them again: likeness cluster <source> --run <run>`,
      );
    }
    return learnedAssignment(y, { outputs, unit: normalizeRows(features), centroids });
  } finally {
    await head.close();
  }
}
