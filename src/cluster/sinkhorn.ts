/**
 * Sinkhorn-Knopp: turns scores into codes that use the prototypes equally.
 *
 * For scores T [B, K] (samples by prototypes) and E = exp(T / epsilon), codes are `Q = diag(r) E
 * diag(v)`. From r = 1, each iteration sets `v = 1 / (K Eᵀ r)`, which gives every prototype the
 * total weight 1/K, then `r = 1 / (B E v)`, which gives every sample the total weight 1/B. The
 * result is scaled so that each row sums to 1.
 *
 * Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster
 * Assignments", NeurIPS 2020 (arXiv:2006.09882), section 3.2 and appendix A.1; Cuturi, "Sinkhorn
 * Distances", 2013, algorithm 1 (iteration on vectors); Schmitzer, "Stabilized Sparse Scaling
 * Algorithms for Entropy Regularized Transport Problems", 2019 (arXiv:1610.06519), section 3.1
 * (scaling factors absorbed into the scores).
 *
 * Differences: the released code scales the whole matrix in turns, which is equal up to the order
 * of operations and writes B K values four times as often. Its exponential overflows in float32 for
 * epsilon below 0.0115. Here each column's largest score is subtracted before the exponential, then
 * each row's, which enters the first r instead. So E has a 1 in each row and each column, and
 * nothing overflows or vanishes that matters. After every three iterations r enters the scores as
 * `T + epsilon ln r`, and E is computed again, since r and v could grow out of float32's range.
 *
 * Replicas share v: totals of prototypes are means over replicas, each of which counts its own B
 * rows. All r are then R times those of one matrix of all rows, and the codes are equal.
 */
import { checkedLater, optionCheck, positiveNumber, wholeNumber } from '../core/options.ts';
import {
  add,
  cast,
  crossReplicaMax,
  crossReplicaMean,
  div,
  exp,
  log,
  matmul,
  max,
  maximum,
  mul,
  scalar,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';

export interface SinkhornOptions {
  /** Smoothness; near 0 each sample uses one prototype. Default 0.05. */
  epsilon?: number;
  /** Iterations, at least 1. Default 3. */
  iterations?: number;
  /** Rows that take part, bool [B, 1]. The codes of the others are 0. Default: all rows. */
  active?: Tensor;
  /**
   * Weights of rows in the totals of prototypes, [B, 1], such as 1/R for a row that R replicas have.
   * The codes of a row sum to its weight. Default: 1.
   */
  weights?: Tensor;
}

const checkSinkhorn = optionCheck<SinkhornOptions>({
  epsilon: positiveNumber(),
  iterations: wholeNumber(1),
  active: checkedLater,
  weights: checkedLater,
});

/**
 * Iterations with one E. After n of them r is between B^-n and K^n. So what vanishes in E, below
 * e^-87, is at most the part (B K)^3 e^-87 of a total, 3e-13 for B = K = 16,000.
 */
const PER_KERNEL = 3;
/** Score of inactive rows, below all scores of active ones. */
const INACTIVE_SCORE = -1e30;
/** Smallest total of a column, which is 0 where no row is active. */
const FLOOR = 1e-30;

/**
 * Computes codes Q [B, K] from scores T [B, K]. Rows sum to 1, columns to about B / K. No gradient.
 */
export function sinkhorn(T: Tensor, options: SinkhornOptions = {}): Tensor {
  checkSinkhorn(options);
  const { epsilon = 0.05, iterations = 3, active, weights } = options;
  const [B, K] = T.shape as [number, number];
  const mask = active ? cast(active, 'float32') : scalar(1); // 1 for rows that take part, else 0
  const part = weights ? mul(mask, weights) : mask;
  const rows = active || weights ? maximum(crossReplicaMean(sum(part)), 1) : scalar(B); // active rows
  const exponential = (scores: Tensor) => exp(mul(scores, 1 / epsilon));
  const kernelOf = (given: Tensor) => {
    const scores = active ? where(active, given, INACTIVE_SCORE) : given; // [B, K]
    const ofColumns = crossReplicaMax(max(scores, { axes: [0], keepDims: true })); // [1, K]
    const below = sub(scores, ofColumns); // [B, K], 0 at most
    const largest = max(below, { axes: [1], keepDims: true }); // [B, 1]
    const centered = sub(below, largest); // [B, K]
    return { centered, E: exponential(centered), r: mul(mask, exponential(largest)) };
  };
  let { centered, E, r } = kernelOf(T); // [B, K], [B, K] from 0 to 1, [B, 1]
  if (weights) r = mul(weights, r);
  let v: Tensor = scalar(1);
  for (let i = 0; i < iterations; i++) {
    if (i > 0 && i % PER_KERNEL === 0)
      ({ centered, E, r } = kernelOf(add(centered, mul(epsilon, log(r)))));
    v = div(1 / K, maximum(crossReplicaMean(matmul(transpose(r, [1, 0]), E)), FLOOR)); // [1, K]
    r = div(part, mul(rows, matmul(E, transpose(v, [1, 0])))); // [B, 1]
  }
  return stopGradient(mul(mul(E, v), mul(rows, r))); // [B, K]
}
