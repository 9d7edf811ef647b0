/** Clusters that a method's own head names. */
import { type Features, mostProbable } from '../cluster/index.ts';
import type { ImageEncoder } from './encoder.ts';

export interface HeadClusters {
  /** Cluster of each image [N], 0 to M - 1. */
  readonly assignments: Int32Array;
  /** Number M of clusters that the method learns. */
  readonly count: number;
}

/**
 * The most probable cluster of each row of features [N, F]; undefined for encoders that learn no
 * clusters.
 */
export async function headClusters(
  { heads }: Pick<ImageEncoder, 'heads'>,
  features: Features,
): Promise<HeadClusters | undefined> {
  const y = await heads?.assign?.(features); // [N, M]
  return y && { assignments: mostProbable(y), count: y.dimension };
}
