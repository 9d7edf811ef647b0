/**
 * Labels of images that a cluster head is sure of, which stay until it no longer is.
 *
 * Source: Li et al., "Twin Contrastive Learning for Online Clustering", IJCV 2022
 * (arXiv:2210.11680), section 3.3.
 */
import type { Features } from '../cluster/index.ts';
import { UNLABELED } from './pseudoLabels.ts';

export interface ConfidenceOptions {
  /** alpha, the probability below which an image has no label. */
  confidence: number;
  /** gamma, the fraction of N / K images that get labels in each cluster. */
  labelFraction: number;
}

/**
 * Labels [N] after those before.
 *
 * In each cluster the `gamma N / K` images of highest probability among those that it is the most
 * probable cluster of are candidates. A candidate without a label gets the cluster's. A label stays
 * as it is, until the largest probability of its image is below alpha.
 *
 * @param probabilities [N, K]
 * @param before labels [N], `UNLABELED` where there is none
 */
export function confidentLabels(
  { data, count: N, dimension: K }: Features,
  before: ArrayLike<number>,
  { confidence: alpha, labelFraction: gamma }: ConfidenceOptions,
): Float32Array {
  const quota = Math.ceil((N / K) * gamma);
  const largest = new Float32Array(N);
  const members: number[][] = Array.from({ length: K }, () => []);
  for (let i = 0; i < N; i++) {
    let best = 0;
    for (let k = 1; k < K; k++) if (data[i * K + k]! > data[i * K + best]!) best = k;
    largest[i] = data[i * K + best]!;
    members[best]!.push(i);
  }
  const labels = Float32Array.from(before);
  for (const [k, images] of members.entries()) {
    const candidates = images
      .toSorted((a, b) => largest[b]! - largest[a]! || a - b)
      .slice(0, quota);
    for (const i of candidates) if (labels[i]! < 0) labels[i] = k;
  }
  return labels.map((label, i) => (largest[i]! < alpha ? UNLABELED : label));
}

/** Numbers of labeled images, and of clusters that have any. */
export function labelFacts(labels: Float32Array): Record<string, number> {
  const given = labels.filter((label) => label >= 0);
  return { labeledImages: given.length, labeledClusters: new Set(given).size };
}
