/**
 * Clusterings that a step reads: what a phase finds between epochs, as state that the step leaves as it is.
 *
 * All state is float32, so labels are stored as such (exact up to 2^24 clusters) and cast when a batch's are gathered.
 */
import type { ProgramState, Values } from '../compile/index.ts';
import { adjustedRand } from '../metrics/index.ts';
import { cast, gather, input, type Tensor } from '../tensor/index.ts';

/** One clustering of N images into K clusters, as tensors of a step. */
export interface HeldClusters {
  /** C, prototypes on the unit sphere, [K, D]; zeros before the first phase. */
  readonly prototypes: Tensor;
  /** Concentrations phi, [K]; ones before the first phase. */
  readonly phi: Tensor;
  /** Clusters of a batch's images, int32 [B], of their positions [B]. */
  labelsOf(indices: Tensor): Tensor;
  readonly state: readonly ProgramState[];
  readonly initialValues: Values;
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
export function heldClusters(
  m: number,
  { clusters: K, images: N, dimension: D }: { clusters: number; images: number; dimension: number },
): HeldClusters {
  const prototypes = input(prototypesName(m), [K, D]);
  const phi = input(phiName(m), [K]);
  const labels = input(labelsName(m), [N]);
  return {
    prototypes,
    phi,
    labelsOf: (indices) => cast(gather(labels, indices), 'int32'), // [B]
    state: [prototypes, phi, labels].map((current) => ({ current })),
    initialValues: { [phiName(m)]: new Float32Array(K).fill(1) },
  };
}

/** What a phase writes into the state for clustering m. */
export function foundState(m: number, { prototypes, phi, labels }: FoundClusters): Values {
  return {
    [prototypesName(m)]: prototypes,
    [phiName(m)]: phi,
    [labelsName(m)]: Float32Array.from(labels),
  };
}

/** Adjusted Rand index of the finest labels with those before; nothing in the first phase. */
export function agreementFact(before: ArrayLike<number>, now: ArrayLike<number>): Record<string, number> {
  const [old, labels] = [Int32Array.from(before), Int32Array.from(now)];
  return old.every((label) => label === old[0]) ? {} : { adjustedRandBefore: adjustedRand(old, labels) };
}
