/**
 * How alike positive and negative pairs are while a method trains: what the figures of "Contrastive Clustering" (Li et
 * al., AAAI 2021, section 4.4) draw, for anything that comes in pairs.
 */
import {
  matmul,
  maximum,
  mean,
  mul,
  scalar,
  sqrt,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { cosines } from './contrastive.ts';

/** Keeps the root of a spread away from what float32 makes of 0. */
const LEAST_VARIANCE = 1e-12;

/**
 * Mean and standard deviation of the cosines of positive pairs (a_i, b_i) and of negative pairs (a_i, b_j), i != j; rows
 * of a and b [R, D] on the unit sphere, R at least 2. As outputs `fact.<level>Positive`, `…PositiveSpread`,
 * `…Negative`, `…NegativeSpread` of a step, one number each.
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
    mul(sub(sumOfAll, sumOfOwn), scalar(1 / (R * (R - 1))));
  const negative = others(sum(all), sum(own));
  const negativeSquare = others(sum(mul(all, all)), sum(mul(own, own)));
  const spread = (square: Tensor, average: Tensor) =>
    sqrt(maximum(sub(square, mul(average, average)), scalar(LEAST_VARIANCE)));
  const named = (what: string) => `fact.${level}${what}`;
  return {
    [named('Positive')]: positive,
    [named('PositiveSpread')]: spread(mean(mul(own, own)), positive),
    [named('Negative')]: negative,
    [named('NegativeSpread')]: spread(negativeSquare, negative),
  };
}
