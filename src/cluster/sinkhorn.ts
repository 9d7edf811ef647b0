/**
 * Sinkhorn-Knopp: from scores to codes that use the prototypes equally.
 *
 * Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments", NeurIPS 2020
 * (arXiv:2006.09882), section 3.2 and appendix A.1; Cuturi 2013, "Sinkhorn Distances", algorithm 1 for the iteration on vectors.
 *
 * With scores T [B, K] (samples by prototypes) and E = exp(T / epsilon), codes are `Q = diag(r) E diag(v)`: repeat,
 * `v = 1 / (K Eᵀ r)`, which gives prototypes equal total weight 1/K, then `r = 1 / (B E v)`, which gives samples equal total weight
 * 1/B. The result is scaled so that each sample's row sums to 1.
 *
 * Differences: the released code scales the whole matrix in turns, which is the same in other order and writes B·K values
 * four times as often; each row's largest score is subtracted before the exponential, with its weight in the first r (the
 * result is the same, nothing overflows, and a row far below others keeps its precision); totals are floored at 1e-30, so
 * that a prototype that no sample can see does not divide by 0.
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
  /** Smoothness: towards 0 each sample chooses one prototype. */
  epsilon?: number;
  /** At least 1. */
  iterations?: number;
  /** Rows that take part, bool [B, 1]; the others come out as 0 and weigh nothing. Default: all. */
  active?: Tensor;
}

/** Protects totals that underflowed to 0. */
const FLOOR = 1e-30;
/** Stands for minus infinity as the largest score of inactive rows: its exponential is 0 for every usable epsilon. */
const NEVER = -1e4;

/** Codes Q [B, K] from scores T [B, K]: rows sum to 1, columns to about B / K. No gradient flows through. */
export function sinkhorn(
  T: Tensor,
  { epsilon = 0.05, iterations = 3, active }: SinkhornOptions = {},
): Tensor {
  const [B, K] = T.shape as [number, number];
  const exponential = (scores: Tensor) => exp(mul(scores, scalar(1 / epsilon)));
  const largest = max(T, { axes: [1], keepDims: true }); // [B, 1]
  const E = exponential(sub(T, largest)); // [B, K], 0 to 1
  const part = active ? cast(active, 'float32') : scalar(1); // 1 for rows that take part, else 0
  const seen = active ? where(active, largest, scalar(NEVER)) : largest; // [B, 1]
  let r = mul(part, exponential(sub(seen, max(seen)))); // [B, 1]
  let v: Tensor = scalar(1);
  const rows = active ? maximum(sum(part), scalar(1)) : scalar(B); // those that take part
  for (let i = 0; i < iterations; i++) {
    v = div(scalar(1 / K), floored(matmul(transpose(r, [1, 0]), E))); // [1, K]
    r = div(part, mul(rows, floored(matmul(E, transpose(v, [1, 0]))))); // [B, 1]
  }
  return stopGradient(mul(mul(E, v), mul(rows, r))); // [B, K]
}

function floored(totals: Tensor): Tensor {
  return maximum(totals, scalar(FLOOR));
}
