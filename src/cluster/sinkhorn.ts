/**
 * Sinkhorn-Knopp: from scores to codes that use the prototypes equally.
 *
 * Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments", NeurIPS 2020
 * (arXiv:2006.09882), section 3.2 and appendix A.1; Cuturi 2013 for the iteration.
 *
 * With scores T [B, K] (samples by prototypes) and Q = exp(T / epsilon): repeat, scale prototypes to equal total
 * weight 1/K, then samples to equal total weight 1/B. The result is scaled so that each sample's row sums to 1.
 *
 * Differences: the largest score is subtracted before the exponential (the result is the same, and nothing
 * overflows); totals are floored at the smallest normal number, so that a prototype that no sample can see does
 * not divide by 0.
 */
import {
  div,
  exp,
  max,
  maximum,
  mul,
  scalar,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '../tensor/index.ts';

export interface SinkhornOptions {
  /** Smoothness: towards 0 each sample chooses one prototype. */
  epsilon?: number;
  iterations?: number;
  /** Rows that take part, bool [B, 1]; the others come out as 0 and weigh nothing. Default: all. */
  active?: Tensor;
}

/** Protects totals that underflowed to 0. */
const FLOOR = 1e-30;
/** Stands for minus infinity in the scores of inactive rows: its exponential is 0 for every usable epsilon. */
const NEVER = -1e4;

/** Codes Q [B, K] from scores T [B, K]: rows sum to 1, columns to about B / K. No gradient flows through. */
export function sinkhorn(
  T: Tensor,
  { epsilon = 0.05, iterations = 3, active }: SinkhornOptions = {},
): Tensor {
  const [, K] = T.shape as [number, number];
  const scores = active ? where(active, T, scalar(NEVER)) : T;
  const shifted = sub(scores, max(scores)); // largest score 0: exp cannot overflow
  let Q = exp(mul(shifted, scalar(1 / epsilon))); // [B, K]
  Q = div(Q, sum(Q)); // total weight 1
  for (let i = 0; i < iterations; i++) {
    Q = div(Q, mul(maximum(sum(Q, { axes: [0], keepDims: true }), scalar(FLOOR)), scalar(K))); // each prototype: 1/K
    Q = div(Q, maximum(sum(Q, { axes: [1], keepDims: true }), scalar(FLOOR))); // each sample: 1 (1/B up to scale)
  }
  return stopGradient(Q);
}
