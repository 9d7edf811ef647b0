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
 * Candidates, as in the authors' code: the prototypes of the whole batch (each image's own is the
 * others' negative), and r negatives drawn from all K of which those in the batch are left out.
 *
 * Different: where two images of a batch share a cluster, the authors' code sets each one's
 * prototype as a negative of the other, although it is the same prototype. With the papers' 25,000
 * clusters that is rare; with a few hundred it is every batch, so such candidates are left out here
 * (`variant: 'corrected'`). The authors draw exactly r negatives from those not in the batch, and
 * stop with an error where there are fewer; here r are drawn and then those in the batch are
 * masked, and where r >= K all K are taken.
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
  logSoftmax,
  matmul,
  max,
  mean,
  neg,
  reshape,
  sub,
  type Tensor,
  transpose,
  where,
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
  /** Clusters drawn as negatives, int32 [r], each once. Absent: all K. */
  drawn?: Tensor;
  /** With `reference`, images that share a cluster are negatives of each other. */
  variant: Variant;
}

/**
 * ProtoNCE of queries q [B, D] on the unit sphere; one number, 0 or more. Gradients flow through q
 * alone.
 */
export function protoNce(
  q: Tensor,
  { prototypes: C, phi, labels: y, drawn, variant }: ProtoNceOptions,
): Tensor {
  const B = q.shape[0]!;
  const K = C.shape[0]!;
  const byRow = reshape(y, [B, 1]);
  const row = arange(B);

  const inBatch = div(matmul(q, transpose(gather(C, y))), gather(phi, y)); // [B, B]
  const isOwn = equal(reshape(row, [B, 1]), row); // [B, B]
  const sharesCluster = equal(byRow, y); // [B, B]
  const isFalseNegative = greater(sub(asNumber(sharesCluster), asNumber(isOwn)), 0.5); // [B, B]
  const batch = variant === 'reference' ? inBatch : where(isFalseNegative, MASKED, inBatch);

  const ids = drawn ?? arange(K); // [r]
  const negatives = drawn ? gather(C, ids) : C; // [r, D]
  const ofNegatives = div(matmul(q, transpose(negatives)), drawn ? gather(phi, ids) : phi); // [B, r]
  const isInBatch = greater(max(asNumber(equal(byRow, ids)), { axes: [0] }), 0.5); // [r]
  const others = where(isInBatch, MASKED, ofNegatives); // [B, r]

  const logits = concat([batch, others], 1); // [B, B + r]
  const target = reshape(row, [B, 1]);
  return neg(mean(gatherElements(logSoftmax(logits), target)));
}

/** Mean over clusterings, `1/M sum_m L_m`. */
export function meanOf(losses: readonly Tensor[]): Tensor {
  const total = losses.reduce((sum, loss) => add(sum, loss));
  return div(total, losses.length);
}

function asNumber(condition: Tensor): Tensor {
  return cast(condition, 'float32');
}
