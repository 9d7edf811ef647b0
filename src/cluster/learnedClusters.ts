/**
 * Clusters that a method has learned itself (Contrastive Clustering: the outputs of its cluster
 * head), in the form of those of k-means: numbered by size, with confidence, margin and cohesion.
 *
 * An image belongs to the most probable cluster. Confidence is that probability, margin its lead
 * over the second best. Clusters that no image belongs to have no number.
 */
import type { Engine } from '../backends/index.ts';
import type { AssignResult } from './assign.ts';
import { bySize, type Clustering, clustersOf, describe, sizesOf } from './clusterFeatures.ts';
import { type Features, featuresOf, normalizeRows } from './features.ts';
import { partsOf, type Rows, unitRows } from './rows.ts';
import { simplifiedSilhouette } from './silhouette.ts';

/** Margin where there is a single cluster. */
const MAX_MARGIN = 1;

/**
 * Clusters images with features [N, F] by the probabilities y [N, M] of the method's head, row by
 * row.
 */
export async function clusterByHead(
  engine: Engine,
  features: Features | Rows,
  probabilities: Features,
): Promise<Clustering> {
  const M = probabilities.dimension;
  const found = mostProbable(probabilities);
  const sizes = sizesOf(found, M);
  const outputs = bySize(found, M).filter((output) => sizes[output]! > 0);
  const k = outputs.length;
  const unit = unitRows(features);
  const centroids = await centroidsOf(unit, found, outputs); // [k, F]
  const assignment = await learnedAssignment(probabilities, { outputs, unit, centroids });
  const apart = (await simplifiedSilhouette(engine, unit, assignment.assignments, centroids))
    .values;
  const learned = `${clustersOf(M)}, which the method has learned itself.`;
  return {
    k,
    kReason:
      k === M ? learned : `${learned} ${M - k} of them have no image here, and are left out.`,
    centroids,
    temperature: 1,
    head: outputs,
    assignment,
    groups: describe(assignment, apart, k),
    empty: M - k,
  };
}

export interface LearnedCentroids {
  /** Output of the head that each cluster is, [k]. */
  outputs: readonly number[];
  /** Features [N, F], rows of length 1. */
  unit: Features | Rows;
  /** Centroids of the clusters, [k, F]. */
  centroids: Features;
}

/** Assigns images by their probabilities y [N, M], among the outputs that are clusters. */
export async function learnedAssignment(
  { data: y, count: N, dimension: M }: Features,
  { outputs, unit, centroids }: LearnedCentroids,
): Promise<AssignResult> {
  const assignment: AssignResult = {
    assignments: new Int32Array(N),
    second: new Int32Array(N).fill(-1),
    similarity: new Float32Array(N),
    confidence: new Float32Array(N),
    margin: new Float32Array(N).fill(MAX_MARGIN),
  };
  for (let i = 0; i < N; i++) {
    const of = (cluster: number) => y[i * M + outputs[cluster]!]!;
    let best = 0;
    let second = -1;
    for (let cluster = 1; cluster < outputs.length; cluster++) {
      // The earlier output wins a tie, as in argmax.
      const isAhead = (other: number) =>
        of(cluster) > of(other) ||
        (of(cluster) === of(other) && outputs[cluster]! < outputs[other]!);
      if (isAhead(best)) [best, second] = [cluster, best];
      else if (second < 0 || isAhead(second)) second = cluster;
    }
    assignment.assignments[i] = best;
    assignment.second[i] = second;
    assignment.confidence[i] = of(best);
    if (second >= 0) assignment.margin[i] = of(best) - of(second);
  }
  const F = unit.dimension;
  for await (const { start, rows, data } of partsOf(unit)) {
    for (let row = 0; row < rows; row++) {
      const own = assignment.assignments[start + row]!;
      let cosine = 0;
      for (let d = 0; d < F; d++) cosine += data[row * F + d]! * centroids.data[own * F + d]!;
      assignment.similarity[start + row] = cosine;
    }
  }
  return assignment;
}

/** Mean direction of the images of each of these outputs, rows of length 1. */
async function centroidsOf(
  unit: Rows,
  found: Int32Array,
  outputs: readonly number[],
): Promise<Features> {
  const F = unit.dimension;
  const at = new Map(outputs.map((output, cluster) => [output, cluster]));
  const sums = new Float64Array(outputs.length * F); // a million rows of one cluster lose no digits
  for await (const { start, rows, data } of partsOf(unit)) {
    for (let row = 0; row < rows; row++) {
      const cluster = at.get(found[start + row]!)!;
      for (let d = 0; d < F; d++) sums[cluster * F + d]! += data[row * F + d]!;
    }
  }
  return normalizeRows(featuresOf(Float32Array.from(sums), F));
}

/** Index of the largest value of each row of y [N, M]; the first of equal ones. */
export function mostProbable({ data, count, dimension: M }: Features): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    let best = 0;
    for (let k = 1; k < M; k++) if (data[i * M + k]! > data[i * M + best]!) best = k;
    return best;
  });
}
