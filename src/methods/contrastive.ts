/**
 * Contrastive losses that instance-based methods share.
 *
 * Each is a cross-entropy over cosines divided by the temperature tau, in which a row must find its
 * own pair among candidates.
 *
 *   NT-Xent: Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of
 *            Visual Representations", ICML 2020 (arXiv:2002.05709), equation 1.
 *   InfoNCE: van den Oord, Li, Vinyals, 2018 (arXiv:1807.03748), equation 4; with a queue: He,
 *            Fan, Wu, Xie, Girshick, "Momentum Contrast", CVPR 2020 (arXiv:1911.05722),
 *            equation 1.
 */
import {
  arange,
  argMax,
  cast,
  concat,
  constant,
  dotRows,
  equal,
  gatherElements,
  greater,
  logSoftmax,
  maskFill,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  slice,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts';

export interface ContrastiveOptions {
  /** tau, by which cosines are divided. */
  temperature: number;
}

/**
 * Logit of an excluded candidate: its softmax is 0 in float32. Minus infinity would give gradients
 * of NaN.
 */
export const MASKED = -1e9;

/** Options of NT-Xent. */
export interface NtXentOptions extends ContrastiveOptions {
  /** Candidates that a row leaves out besides itself, [2R, 2R]. Default: none. */
  exclude?: Tensor;
}

/**
 * NT-Xent of pairs (a_i, b_i), mean over all 2R rows: `-ln e^(z_i·z_j / tau) / sum over k != i of
 * e^(z_i·z_k / tau)`, z being the rows of a and b together and j the partner of i. A row is no
 * candidate for itself.
 *
 * ln(2R - 1) where all rows are equal; never below 0.
 *
 * @param a first of each pair, [R, D], on the unit sphere
 * @param b second of each pair, [R, D], on the unit sphere
 */
export function ntXent(a: Tensor, b: Tensor, { temperature, exclude }: NtXentOptions): Tensor {
  const R = a.shape[0]!;
  const z = concat([a, b]); // [2R, D]
  const S = mul(matmul(z, transpose(z)), 1 / temperature); // [2R, 2R]
  const row = arange(2 * R); // [2R]
  const isSelf = equal(reshape(row, [2 * R, 1]), row); // [2R, 2R]
  const others = maskFill(S, isSelf, MASKED); // [2R, 2R]
  const logits = exclude ? maskFill(others, exclude, MASKED) : others; // [2R, 2R]
  const partner = Int32Array.from({ length: 2 * R }, (_, i) => (i + R) % (2 * R));
  return neg(mean(gatherElements(logSoftmax(logits), constant(partner, [2 * R, 1]))));
}

/**
 * Pairs of views of different images that have the same label, [2R, 2R], of R images in two views.
 *
 * @param labels int32 [R]; images of a negative label have none
 */
export function sameLabel(labels: Tensor): Tensor {
  const R = labels.shape[0]!;
  const known = cast(greater(cast(labels, 'float32'), -0.5), 'float32'); // [R]
  const equals = cast(equal(reshape(labels, [R, 1]), labels), 'float32'); // [R, R]
  const image = arange(R); // [R]
  const isOwn = cast(equal(reshape(image, [R, 1]), image), 'float32'); // [R, R]
  const shares = mul(mul(equals, known), sub(1, isOwn)); // [R, R]
  const ofTwoViews = concat([shares, shares], 1); // [R, 2R]
  return greater(concat([ofTwoViews, ofTwoViews]), 0.5); // [2R, 2R]
}

/** Options of InfoNCE. */
export interface InfoNceOptions extends ContrastiveOptions {
  /** Changes the cosines [B, L] of queries and negatives, such as by a mask. Default: none. */
  select?: (cosines: Tensor) => Tensor;
}

/**
 * InfoNCE with one positive per row and negatives shared by all rows: mean over rows of the
 * cross-entropy of `[q·k | q·negativesᵀ] / tau` with target 0. ln(1 + L) where all candidates are
 * equally near.
 *
 * Gradients flow through whatever was not stopped before.
 *
 * @param q queries [B, D] on the unit sphere
 * @param k their keys [B, D] on the unit sphere
 * @param negatives [L, D] on the unit sphere
 */
export function infoNce(
  q: Tensor,
  k: Tensor,
  negatives: Tensor,
  { temperature, select = (cosines) => cosines }: InfoNceOptions,
): Tensor {
  const positive = cosines(q, k); // [B, 1]
  const others = select(matmul(q, transpose(negatives))); // [B, L]
  return firstIsTarget(mul(concat([positive, others], 1), 1 / temperature));
}

/** Mean over rows of the cross-entropy of logits [B, M] whose target is always column 0. */
export function firstIsTarget(logits: Tensor): Tensor {
  return neg(mean(slice(logSoftmax(logits), { axis: 1, start: 0, end: 1 })));
}

/** Cosines of paired rows on the unit sphere, [B, 1]. */
export function cosines(a: Tensor, b: Tensor): Tensor {
  return dotRows(a, b, { keepDims: true }); // [B, 1]
}

/**
 * Fraction of the rows of a [B, D] whose nearest row of b [B, D] is their own pair: 1/B at random,
 * 1 at best.
 */
export function pairAgreement(a: Tensor, b: Tensor): Tensor {
  const nearest = argMax(matmul(a, transpose(b))); // [B]
  return mean(cast(equal(nearest, arange(a.shape[0]!)), 'float32'));
}
