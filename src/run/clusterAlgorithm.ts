/** The algorithm that clusters features of a run where none is asked for. */
import type { ClusterAlgorithm } from '../cluster/index.ts';
import type { Run } from './openRun.ts';

/**
 * Chooses smoothed k-means for pretrained networks, where it was measured above k-means
 * (docs/results.md). Patch features gain nothing from it, and trained networks were not measured.
 */
export function clusterAlgorithmOf(run: Run): ClusterAlgorithm {
  const isPretrained =
    run.kind === 'features' ? run.config.encoder.name === 'model' : run.config.base !== undefined;
  return isPretrained ? 'smoothed-kmeans' : 'kmeans';
}
