/** Assigns further images to the clusters of a run. */
import type { Engine } from '../backends/index.ts';
import {
  type AssignResult,
  assign,
  type Features,
  learnedAssignment,
  normalizeRows,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { ImageEncoder } from './encoder.ts';

/** The part of a clustering that further images are assigned by. */
export interface AssignableClusters {
  /** [K, F], rows of length 1. */
  readonly centroids: Features;
  /** Divides the cosines in the softmax behind the confidence. */
  readonly temperature: number;
  /**
   * Output of the method's head that each cluster is, where the method learned the clusters, [K].
   */
  readonly head?: readonly number[];
}

/**
 * Assigns features [n, F] to the most probable learned cluster, or to the nearest centroid where
 * k-means made them.
 *
 * @throws LikenessError `clustering.stale` where the encoder lacks the head that learned the
 * clusters.
 */
export async function assignFeatures(
  engine: Engine,
  { heads }: Pick<ImageEncoder, 'heads'>,
  { centroids, temperature, head: outputs }: AssignableClusters,
  features: Features,
): Promise<AssignResult> {
  if (outputs === undefined) return assign(engine, features, centroids, { temperature });
  const y = await heads?.assign?.(features); // [n, M]
  if (y === undefined || outputs.some((output) => output >= y.dimension)) {
    throw new LikenessError(
      'clustering.stale',
      'the clusters were learned by a head that the run does not have. ' +
        'Cluster the images again with `model.cluster(images)`.',
    );
  }
  return learnedAssignment(y, { outputs, unit: normalizeRows(features), centroids });
}
