/**
 * Sinkhorn-Knopp: turns scores into codes that use the prototypes equally.
 *
 * For scores T [B, K] (samples by prototypes) and E = exp(T / epsilon), codes are `Q = diag(r) E
 * diag(v)`. Each iteration sets `v = 1 / (K Eᵀ r)`, which gives every prototype the total weight
 * 1/K, then `r = 1 / (B E v)`, which gives every sample the total weight 1/B. The result is scaled
 * so that each row sums to 1.
 *
 * Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster
 * Assignments", NeurIPS 2020 (arXiv:2006.09882), section 3.2 and appendix A.1; Cuturi, "Sinkhorn
 * Distances", 2013, algorithm 1 (iteration on vectors).
 *
 * Differences: the released code scales the whole matrix in turns, which is equal up to the order
 * of operations and writes B K values four times as often. Each row's largest score is subtracted
 * before the exponential and enters the first r instead, so that nothing overflows and a row far
 * below the others keeps its precision. Totals are at least 1e-30, so that a prototype without any
 * weight does not divide by 0.
 */
import {
  cast,
  div,
  exp,
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
}

/** Smallest total, which protects against division by 0. */
const FLOOR = 1e-30;
/** Largest score of inactive rows. Its exponential is 0 for every usable epsilon. */
const INACTIVE_SCORE = -1e4;

/**
 * Computes codes Q [B, K] from scores T [B, K]. Rows sum to 1, columns to about B / K. No gradient.
 */
export function sinkhorn(
  T: Tensor,
  { epsilon = 0.05, iterations = 3, active }: SinkhornOptions = {},
): Tensor {
  const [B, K] = T.shape as [number, number];
  const exponential = (scores: Tensor) => exp(mul(scores, scalar(1 / epsilon)));
  const largest = max(T, { axes: [1], keepDims: true }); // [B, 1]
  const E = exponential(sub(T, largest)); // [B, K], 0 to 1
  const part = active ? cast(active, 'float32') : scalar(1); // 1 for rows that take part, else 0
  const seen = active ? where(active, largest, scalar(INACTIVE_SCORE)) : largest; // [B, 1]
  let r = mul(part, exponential(sub(seen, max(seen)))); // [B, 1]
  let v: Tensor = scalar(1);
  const rows = active ? maximum(sum(part), scalar(1)) : scalar(B); // active rows
  for (let i = 0; i < iterations; i++) {
    v = div(scalar(1 / K), floored(matmul(transpose(r, [1, 0]), E))); // [1, K]
    r = div(part, mul(rows, floored(matmul(E, transpose(v, [1, 0]))))); // [B, 1]
  }
  return stopGradient(mul(mul(E, v), mul(rows, r))); // [B, K]
}

function floored(totals: Tensor): Tensor {
  return maximum(totals, scalar(FLOOR));
}
