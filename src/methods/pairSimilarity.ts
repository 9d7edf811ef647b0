/**
 * Similarity of positive and negative pairs during training.
 *
 * Source: Li et al., "Contrastive Clustering", AAAI 2021, section 4.4, whose figures draw it; here
 * for anything that comes in pairs.
 */
import {
  matmul,
  maximum,
  mean,
  mul,
  sqrt,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { cosines } from './contrastive.ts';

/** Smallest variance whose root is taken; rounding in float32 may give less. */
const MIN_VARIANCE = 1e-12;

/**
 * Mean and standard deviation of the cosines of positive pairs (a_i, b_i) and of negative pairs
 * (a_i, b_j), i != j; rows of a and b [R, D] on the unit sphere, R at least 2. By name
 * `<level>Positive`, `…PositiveSpread`, `…Negative`, `…NegativeSpread`, one number each.
 */
export function pairSimilarities(
  level: 'instance' | 'cluster',
  a: Tensor,
  b: Tensor,
): Record<string, Tensor> {
  const R = a.shape[0]!;
  const all = matmul(a, transpose(b)); // [R, R]
  const own = cosines(a, b); // [R, 1]
  const positive = mean(own);
  // Every pair less those of an image with itself.
  const others = (sumOfAll: Tensor, sumOfOwn: Tensor) =>
    mul(sub(sumOfAll, sumOfOwn), 1 / (R * (R - 1)));
  const negative = others(sum(all), sum(own));
  const negativeSquare = others(sum(mul(all, all)), sum(mul(own, own)));
  const spread = (square: Tensor, average: Tensor) =>
    sqrt(maximum(sub(square, mul(average, average)), MIN_VARIANCE));
  const named = (what: string) => `${level}${what}`;
  return {
    [named('Positive')]: positive,
    [named('PositiveSpread')]: spread(mean(mul(own, own)), positive),
    [named('Negative')]: negative,
    [named('NegativeSpread')]: spread(negativeSquare, negative),
  };
}
