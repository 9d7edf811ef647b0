/**
 * Clusterings that a step reads and a phase between epochs finds, as part of the state.
 *
 * All state is float32, so labels are stored as such (exact up to 2^24 clusters) and cast when a
 * batch's are gathered.
 */

import type { Values } from '../compile/index.ts';
import { adjustedRand } from '../metrics/index.ts';
import { cast, gather, type Tensor } from '../tensor/index.ts';
import type { Step } from './step.ts';

/** A clustering of N images into K clusters, as tensors of a step. */
export interface StoredClusters {
  /** C, prototypes on the unit sphere, [K, D]; zeros before the first phase. */
  readonly prototypes: Tensor;
  /** Concentrations phi, [K]; ones before the first phase. */
  readonly phi: Tensor;
  /** Clusters of the batch's images, int32 [B]. */
  readonly labels: Tensor;
}

/** Values of clustering m after a phase, by the names that the step reads. */
export interface FoundClusters {
  prototypes: Float32Array;
  phi: Float32Array;
  labels: Int32Array;
}

/** Name of a clustering's prototypes in the state. */
export const prototypesName = (m: number) => `centroids.${m}`;
/** Name of a clustering's labels in the state. */
export const labelsName = (m: number) => `labels.${m}`;
const phiName = (m: number) => `phi.${m}`;

/** Clustering m of a step's state. */
export function storedClusters(
  step: Step,
  m: number,
  { clusters: K, dimension: D }: { clusters: number; dimension: number },
): StoredClusters {
  const prototypes = step.state(prototypesName(m), [K, D]).current;
  const phi = step.state(phiName(m), [K], () => new Float32Array(K).fill(1)).current;
  const labels = step.state(labelsName(m), [step.images]).current;
  return { prototypes, phi, labels: cast(gather(labels, step.indices), 'int32') };
}

/** State that a phase writes for clustering m. */
export function foundState(m: number, { prototypes, phi, labels }: FoundClusters): Values {
  return {
    [prototypesName(m)]: prototypes,
    [phiName(m)]: phi,
    [labelsName(m)]: Float32Array.from(labels),
  };
}

/** Adjusted Rand index of the finest labels with those before; nothing in the first phase. */
export function agreementFact(
  before: ArrayLike<number>,
  now: ArrayLike<number>,
): Record<string, number> {
  const [old, labels] = [Int32Array.from(before), Int32Array.from(now)];
  return old.every((label) => label === old[0])
    ? {}
    : { adjustedRandBefore: adjustedRand(old, labels) };
}
