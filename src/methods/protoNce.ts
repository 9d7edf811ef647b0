/**
 * ProtoNCE: an image must find the prototype of its cluster among other prototypes, each at its own
 * temperature.
 *
 * Source: Li, Zhou, Xiong, Hoi, "Prototypical Contrastive Learning of Unsupervised
 * Representations", ICLR 2021 (arXiv:2005.04966), equation 11, the part over prototypes, for one
 * clustering:
 *
 *   L = - mean_i ln  e^(q_i·c_y(i) / phi_y(i))  /  sum over candidates j of e^(q_i·c_j / phi_j)
 *
 * Symbols: q_i a query, c_j a prototype, phi_j its concentration, y(i) the cluster of image i.
 *
 * Candidates: all K prototypes; or, where r are drawn, the prototypes of the batch's clusters (each
 * image's own is the others' negative) and those drawn. Each candidate cluster counts once, as in
 * equation 11.
 *
 * `variant: 'reference'` repeats the authors' code: a cluster with n images in the batch counts n
 * times in the sum, also for its own images. With the paper's 25,000 clusters that is rare. With a
 * few hundred it is every batch, and large clusters are pushed away several times as hard.
 * Different in both variants: the authors draw exactly r negatives from the clusters that are not
 * in the batch, and stop with an error where there are fewer; here r are drawn from all K and those
 * in the batch are masked.
 */
import {
  add,
  arange,
  cast,
  concat,
  div,
  equal,
  gather,
  gatherElements,
  greater,
  less,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  maskFill,
  matmul,
  max,
  mean,
  neg,
  reshape,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import type { Variant } from './clusterSettings.ts';
import { MASKED } from './contrastive.ts';

export interface ProtoNceOptions {
  /** C on the unit sphere, [K, D]. */
  prototypes: Tensor;
  /** phi, [K]. */
  phi: Tensor;
  /** y, clusters of the batch's images, int32 [B]. */
  labels: Tensor;
  /** Clusters drawn as negatives, int32 [r], each once. Absent: all K are candidates. */
  drawn?: Tensor;
  /** With `reference`, a cluster counts once for each of its images in the batch. */
  variant: Variant;
}

/**
 * ProtoNCE of queries q [B, D] on the unit sphere; one number, 0 or more. Gradients flow through q
 * alone.
 */
export function protoNce(q: Tensor, options: ProtoNceOptions): Tensor {
  const { prototypes: C, phi, labels: y, drawn, variant } = options;
  const B = q.shape[0]!;
  if (!drawn && variant === 'corrected') {
    return meanLossAt(div(matmul(q, transpose(C)), phi), reshape(y, [B, 1])); // over [B, K]
  }
  const ids = drawn ?? arange(C.shape[0]!); // [r]
  const others = div(matmul(q, transpose(gather(C, ids))), gather(phi, ids)); // [B, r]
  const isInBatch = inAnyRow(equal(reshape(y, [B, 1]), ids)); // [r]
  const logits = concat([ofBatch(q, options), maskFill(others, isInBatch, MASKED)], 1); // [B, B + r]
  return meanLossAt(logits, reshape(arange(B), [B, 1]));
}

/**
 * Logits of the batch's clusters, [B, B], one column per image; an image's own is on the diagonal.
 * Each cluster has one column that counts in a row, or with `reference` one per image.
 */
function ofBatch(q: Tensor, { prototypes: C, phi, labels: y, variant }: ProtoNceOptions): Tensor {
  const B = q.shape[0]!;
  const logits = div(matmul(q, transpose(gather(C, y))), gather(phi, y)); // [B, B]
  if (variant === 'reference') return logits;
  const [column, row] = [arange(B), reshape(arange(B), [B, 1])];
  const sharesCluster = equal(reshape(y, [B, 1]), y); // [B, B]
  const isRepeat = inAnyRow(logicalAnd(sharesCluster, less(row, column))); // [B]
  const isOther = logicalNot(equal(row, column)); // [B, B]
  return maskFill(logits, logicalAnd(isOther, logicalOr(sharesCluster, isRepeat)), MASKED);
}

/** Mean over rows of the cross-entropy of logits [B, M] with target columns [B, 1]. */
function meanLossAt(logits: Tensor, targets: Tensor): Tensor {
  return neg(mean(gatherElements(logSoftmax(logits), targets)));
}

/** True where a column of a mask [B, M] is true in any row, [M]. */
function inAnyRow(mask: Tensor): Tensor {
  return greater(max(cast(mask, 'float32'), { axes: [0] }), 0.5);
}

/** Mean over clusterings, `1/M sum_m L_m`. */
export function meanOf(losses: readonly Tensor[]): Tensor {
  const total = losses.reduce((sum, loss) => add(sum, loss));
  return div(total, losses.length);
}
