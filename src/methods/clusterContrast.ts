/**
 * Losses of a head that gives cluster probabilities: each cluster, seen as the column of its
 * probabilities over a batch, must find itself in the other view, and no cluster may take all
 * images.
 *
 * Source: Li, Hu, Liu, Peng, Zhou, Peng, "Contrastive Clustering", AAAI 2021 (arXiv:2009.09687),
 * equations 4 to 6.
 */
import {
  add,
  div,
  l2Normalize,
  log,
  maximum,
  mul,
  scalar,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { type ContrastiveOptions, ntXent } from './contrastive.ts';

/** Shortest length by which a column is divided, as in PyTorch's cosine similarity. */
const SHORTEST = 1e-8;
/** Stands for 0 under the logarithm: P ln P is 0 there, and its gradient finite. */
const TINY = 1e-30;

export interface ClusterContrast {
  /** NT-Xent over the 2M columns. */
  contrast: Tensor;
  /** Distance of each view's shares of the clusters from equal ones, 0 to ln M. */
  imbalance: readonly [Tensor, Tensor];
  /** Columns of length 1 as rows, one matrix per view; [M, B]. */
  columns: readonly [Tensor, Tensor];
}

/**
 * Both parts of the cluster loss, of probabilities of two views [B, M]; the loss is the sum of all
 * three numbers.
 *
 * The contrast is ln(2M - 1) where all columns are parallel, as they are where every image has the
 * same probabilities.
 */
export function clusterContrast(
  ya: Tensor,
  yb: Tensor,
  options: ContrastiveOptions,
): ClusterContrast {
  const columnsOf = (y: Tensor) => l2Normalize(transpose(y), { epsilon: SHORTEST }); // [M, B]
  const columns = [columnsOf(ya), columnsOf(yb)] as const;
  return {
    contrast: ntXent(...columns, options),
    imbalance: [imbalanceOf(ya), imbalanceOf(yb)],
    columns,
  };
}

/**
 * `ln M + sum over clusters of P ln P`, P being the clusters' shares of all probability in y [B,
 * M]: ln M less the entropy of P. 0 where all clusters have equal shares, ln M where one has
 * everything.
 *
 * The paper defines H(Y) as the sum of P log P and subtracts it from the loss, which would reward a
 * collapse; the authors' code adds it, as here. Their code is NaN where a share is 0.
 */
export function imbalanceOf(y: Tensor): Tensor {
  const P = div(sum(y, { axes: [0] }), sum(y)); // [M]
  const negativeEntropy = sum(mul(P, log(maximum(P, scalar(TINY))))); // []
  return add(scalar(Math.log(y.shape[1]!)), negativeEntropy);
}
