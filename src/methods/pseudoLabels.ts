/**
 * Learning to predict labels that a clustering gave: what DeepCluster and its second version have
 * in common.
 *
 * All state is float32, so labels are stored as such (exact up to 2^24 clusters) and cast when a
 * batch's are gathered.
 */
import { nmi } from '../metrics/index.ts';
import {
  argMax,
  cast,
  div,
  equal,
  gather,
  logSoftmax,
  maximum,
  minimum,
  mul,
  neg,
  oneHot,
  scalar,
  sum,
  type Tensor,
} from '../tensor/index.ts';

/**
 * Label of an image that no clustering has seen yet; it takes no part in the loss. PyTorch's number
 * for it.
 */
export const UNLABELED = -100;

/** Labels of N images before the first clustering. */
export function unlabeled(count: number): Float32Array {
  return new Float32Array(count).fill(UNLABELED);
}

/**
 * Labels of a batch's images, int32 [B], of the stored labels [N] and the images' positions [B].
 */
export function labelsAt(labels: Tensor, indices: Tensor): Tensor {
  return cast(gather(labels, indices), 'int32'); // [B]
}

/**
 * Cross-entropy with labels: the mean over labeled rows of `-log softmax(logits)[label]`, 0 where
 * none is labeled; and the share of labeled rows whose largest logit is the label's.
 *
 * @param logits [R, K]
 * @param labels int32 [R]: 0 to K - 1, or `UNLABELED`
 */
export function labeledCrossEntropy(
  logits: Tensor,
  labels: Tensor,
): { loss: Tensor; accuracy: Tensor } {
  const targets = oneHot(labels, logits.shape[1]!); // [R, K], a row of zeros where unlabeled
  const labeled = maximum(sum(targets), scalar(1));
  return {
    loss: neg(div(sum(mul(targets, logSoftmax(logits))), labeled)),
    accuracy: div(sum(cast(equal(argMax(logits), labels), 'float32')), labeled),
  };
}

/**
 * Cross-entropy with labels in which each cluster of the batch has the same weight: the mean over
 * these clusters of the mean over their images. 0 where none is labeled. It equals a weighted mean
 * over images with the inverse shares of their clusters as weights.
 *
 * @param logits [R, K]
 * @param labels int32 [R]: 0 to K - 1, or `UNLABELED`
 * @returns the loss, and the fraction of labeled rows
 */
export function balancedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
): { loss: Tensor; labeled: Tensor } {
  const [R, K] = logits.shape as [number, number];
  const targets = oneHot(labels, K); // [R, K], a row of zeros where unlabeled
  const counts = sum(targets, { axes: [0] }); // [K]
  const losses = neg(sum(mul(targets, logSoftmax(logits)), { axes: [0] })); // [K]
  const means = div(losses, maximum(counts, scalar(1))); // [K]
  const present = sum(minimum(counts, scalar(1))); // []
  return {
    loss: div(sum(means), maximum(present, scalar(1))),
    labeled: mul(sum(counts), 1 / R),
  };
}

/**
 * NMI (arithmetic mean) of labels with those before: the measure of progress of the DeepCluster
 * paper, section 4.1, which took the geometric mean. Nothing where there were none before.
 */
export function progressFact(
  before: ArrayLike<number>,
  now: ArrayLike<number>,
): Record<string, number> {
  if (Array.prototype.some.call(before, (label: number) => label < 0)) return {};
  return { nmiBefore: nmi(Int32Array.from(before), Int32Array.from(now)) };
}
