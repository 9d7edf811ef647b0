/**
 * HCSC's selection of negatives: what probably shares the query's cluster is probably left out.
 *
 * Source: Guo, Xu, Chen, Ni, Wang, Zhang, Yu, "HCSC: Hierarchical Contrastive Selective Coding",
 * CVPR 2022 (arXiv:2202.00455), section 3.3, equations 5 to 10:
 *
 *   instances    keep(i, j) = 1 - softmax over clusters k of (queue_j·C_lk / phi_lk) at the query's cluster c_l(i)
 *   prototypes   keep(i, n) = 1 - softmax over k of (C_ln·C_(l+1)k / phi_(l+1)k) at the query's cluster c_(l+1)(i)
 *
 * So an older key is kept unless it lies where the query's cluster is, and a prototype is kept
 * unless its parent is the query's parent. Then a coin with that probability decides, anew for each
 * pair and step.
 *
 * `variant: 'reference'` repeats the authors' code where it departs from the paper: a removed
 * negative's cosine is multiplied by 0, so that it still adds e^0 = 1 to the denominator, and
 * prototypes of any cluster of the batch are negatives of none. 'corrected': a removed negative is
 * gone (minus infinity), and only the query's own prototype is left out.
 */
import {
  cast,
  clip,
  concat,
  div,
  gather,
  greater,
  matmul,
  max,
  maximum,
  mul,
  oneHot,
  reshape,
  softmax,
  sub,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import type { Variant } from './clusterSettings.ts';
import { cosines, firstIsTarget, MASKED } from './contrastive.ts';

/** Keeps a division by a concentration finite (the authors' constant). */
const SMALLEST_PHI = 1e-3;
/** No negative is kept for certain: the authors' bounds. */
const MOST_KEPT = 0.999;
const LEAST_PROTOTYPES_KEPT = 1e-4;

/** Clusters that a mask is chosen by: prototypes [K, D] on the sphere and phi [K]. */
export interface Level {
  prototypes: Tensor;
  phi: Tensor;
}

/**
 * Probability of keeping each thing as a negative of each query, [B, n], before it is clipped.
 *
 * @param things on the unit sphere, [n, D]: keys of the queue, or prototypes of the level below
 * @param labels the queries' clusters at this level, int32 [B]
 */
export function keepProbability(
  things: Tensor,
  { prototypes: C, phi }: Level,
  labels: Tensor,
): Tensor {
  const belongs = softmax(div(matmul(things, transpose(C)), maximum(phi, SMALLEST_PHI))); // [n, K]
  return sub(1, transpose(gather(belongs, labels, 1))); // [B, n]
}

/** Probability of the draw for an instance, 0 to 0.999. */
export function instanceChance(keep: Tensor): Tensor {
  return clip(keep, { low: 0, high: MOST_KEPT });
}

/** Probability of the draw for a prototype, 0.0001 to 0.999. */
export function prototypeChance(keep: Tensor): Tensor {
  return clip(keep, { low: LEAST_PROTOTYPES_KEPT, high: MOST_KEPT });
}

/**
 * Cosines [B, n] of queries and negatives, without those that were not kept.
 *
 * @param kept true where a thing is a negative of a query, [B, n]; absent: everywhere
 */
export function selected(cosinesOf: Tensor, kept: Tensor | undefined, variant: Variant): Tensor {
  if (!kept) return cosinesOf;
  return variant === 'reference'
    ? mul(cosinesOf, cast(kept, 'float32'))
    : where(kept, cosinesOf, MASKED);
}

export interface PrototypeContrast extends Level {
  /** The queries' clusters, int32 [B]. */
  labels: Tensor;
  /** 1 for prototypes that may be negatives at all, [K]. */
  candidates: Tensor;
  /** True where a prototype was selected as a negative of a query, [B, K]; absent: everywhere. */
  kept?: Tensor;
  variant: Variant;
}

/**
 * ProtoNCE with selected negatives at one level: mean of the cross-entropy of `[q·C_c(i) | selected
 * q·C_n]`, each divided by its own phi, with target 0. A prototype is one negative, however many
 * images of the batch are in its cluster.
 */
export function selectedProtoNce(
  q: Tensor,
  { prototypes: C, phi, labels, candidates, kept, variant }: PrototypeContrast,
): Tensor {
  const B = labels.shape[0]!;
  const positive = div(cosines(q, gather(C, labels)), reshape(gather(phi, labels), [B, 1])); // [B, 1]
  const negatives = div(selected(matmul(q, transpose(C)), kept, variant), phi); // [B, K]
  const isNegative = mayBeNegative(labels, candidates, variant); // [B, K] or [1, K]
  return firstIsTarget(concat([positive, where(isNegative, negatives, MASKED)], 1));
}

/**
 * Marks the prototypes that can be negatives of each query before any is selected, [B, K], or
 * [1, K] where all queries are alike.
 */
function mayBeNegative(labels: Tensor, candidates: Tensor, variant: Variant): Tensor {
  const isOwn = oneHot(labels, candidates.shape[0]!); // [B, K]
  const excluded = variant === 'reference' ? max(isOwn, { axes: [0], keepDims: true }) : isOwn; // [1, K] or [B, K]
  return greater(sub(candidates, excluded), 0.5);
}

/**
 * Prototypes that may be negatives, as 1 and 0, [K]: those of clusters that have images.
 *
 * The authors' code takes the ids below the largest one that occurs, so that the last cluster is
 * never a negative and empty ones are (`reference`).
 */
export function candidatesOf(labels: Int32Array, clusters: number, variant: Variant): Float32Array {
  if (variant === 'reference') {
    const last = labels.reduce((a, b) => Math.max(a, b), 0);
    return Float32Array.from({ length: clusters }, (_, id) => (id < last ? 1 : 0));
  }
  const occupied = new Float32Array(clusters);
  for (const label of labels) occupied[label] = 1;
  return occupied;
}
