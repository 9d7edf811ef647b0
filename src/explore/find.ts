/** Finding images by likeness, and the reason why one is in its cluster. */

import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { JUNK } from '../run/index.ts';
import type { OpenedRun } from './openedRun.ts';
import { clusterTitle } from './overview.ts';
import type { SimilarAnswer, WhyAnswer } from './protocol.ts';

/** Neighbors that explain an image. */
const NEIGHBORS = 12;

/** Finds the images that are most similar to a row, or to a feature [D]. */
export async function similar(
  run: OpenedRun,
  to: number | Float32Array,
  count: number,
): Promise<SimilarAnswer[]> {
  const features = featuresOf(run);
  const isRow = typeof to === 'number';
  const vector = isRow ? await features.row(to) : to;
  const found = await features.similar(vector, { count, without: isRow ? to : undefined });
  return [...found.rows].map((row, i) => ({ row, similarity: found.similarities[i]! }));
}

/** Features of the opened clustering. @throws LikenessError `explore.noFeatures` */
export function featuresOf({ clusters }: OpenedRun) {
  if (clusters?.features) return clusters.features;
  throw new LikenessError(
    'explore.noFeatures',
    'The run has no features of these images. Cluster them again.',
  );
}

/** Explains why an image is in its cluster. */
export async function why(run: OpenedRun, row: number): Promise<WhyAnswer> {
  const { clusters, ids } = run;
  if (!clusters) {
    throw new LikenessError('explore.noClusters', 'The images are not clustered yet.');
  }
  const { clusters: assigned, becomes } = clusters.edits.current();
  const cluster = assigned[row]!;
  const { confidence, margin, cluster: foundIn } = clusters.images[row]!;
  const vector = await clusters.features?.row(row);
  const neighbors = vector ? await similar(run, row, NEIGHBORS) : [];
  const members = Uint8Array.from(assigned, (other) => (other === cluster ? 1 : 0));
  const nearest = vector
    ? await clusters.features!.similar(vector, { count: NEIGHBORS, without: row, among: members })
    : undefined;
  const second = vector && secondBest(clusters.stored, vector, foundIn);
  const together = neighbors.filter((neighbor) => assigned[neighbor.row] === cluster).length;
  const text = [
    ...(cluster === JUNK ? ['It was marked as junk.'] : []),
    ...(cluster !== JUNK && becomes[foundIn] !== cluster
      ? [`It was moved from ${clusterTitle(run, foundIn)} by hand.`]
      : []),
    ...(second === undefined
      ? []
      : [
          `The second choice is ${clusterTitle(run, becomes[second.cluster]!)}. ` +
            (margin < clusters.doubtBelow
              ? `The lead over it, ${margin.toFixed(3)}, is among the smallest tenth: doubtful.`
              : `The lead over it is ${margin.toFixed(3)}.`),
        ]),
    ...(neighbors.length > 0
      ? [
          `${plural(together, 'image')} of the ${neighbors.length} most similar ones ` +
            `${together === 1 ? 'is' : 'are'} in the same cluster.`,
        ]
      : []),
  ];
  return {
    ...{ row, path: ids[row]!, cluster, confidence, margin, text },
    ...(second && {
      second: {
        ...{ cluster: becomes[second.cluster]! },
        similarity: second.similarity,
      },
    }),
    nearest: nearest
      ? [...nearest.rows].map((other, i) => ({ row: other, similarity: nearest.similarities[i]! }))
      : [],
    neighbors: neighbors.map((one) => ({ ...one, cluster: assigned[one.row]! })),
  };
}

/** Cluster other than the own whose centroid [K, D] has the largest cosine to a unit vector. */
export function secondBest(
  { centroids, k, dimension }: { centroids: Float32Array; k: number; dimension: number },
  vector: Float32Array,
  own: number,
): { cluster: number; similarity: number } | undefined {
  let best: { cluster: number; similarity: number } | undefined;
  for (let cluster = 0; cluster < k; cluster++) {
    if (cluster === own) continue;
    let similarity = 0;
    for (let d = 0; d < dimension; d++)
      similarity += vector[d]! * centroids[cluster * dimension + d]!;
    if (!best || similarity > best.similarity) best = { cluster, similarity };
  }
  return best;
}
