/** Losses of predictions against targets of the same shape, as means over all values. */
import { add, exp, mean, mul, softplus, sub, sum, type Tensor } from '../tensor/index.ts';

/**
 * `mean (x - t)²` over all n values: at least 0, and 0 for equal tensors. Its gradient is
 * `2 (x - t) / n`.
 *
 * @param x prediction, of any shape
 * @param t target, of the same shape
 */
export function meanSquaredError(x: Tensor, t: Tensor): Tensor {
  const difference = sub(x, t);
  return mean(mul(difference, difference)); // []
}

/**
 * Mean over all values of the cross-entropy of Bernoulli variables, from logits x:
 *
 *   -t ln s - (1 - t) ln(1 - s) = ln(1 + e^x) - t x   where  s = 1 / (1 + e^-x)
 *
 * The right-hand form has no logarithm of a rounded probability, so it is finite for all logits. At
 * least 0, and ln 2 at logits 0. Its gradient is `(s - t) / n` for n values.
 *
 * @param x logits, of any shape
 * @param t targets in 0 … 1, of the same shape
 */
export function binaryCrossEntropyWithLogits(x: Tensor, t: Tensor): Tensor {
  return mean(sub(softplus(x), mul(t, x))); // []
}

/**
 * Mean over rows of the Kullback-Leibler divergence of N(mu, diag sigma²) from N(0, I), in nats:
 *
 *   KL = -1/2 sum over d of (1 + ln sigma² - mu² - sigma²)
 *
 * At least 0, and 0 for mu = 0 and sigma = 1. Source: Kingma, Welling 2014, appendix B.
 *
 * @param mu means, [B, D]
 * @param logVariance ln sigma², [B, D]
 */
export function gaussianDivergence(mu: Tensor, logVariance: Tensor): Tensor {
  const terms = sub(add(mul(mu, mu), exp(logVariance)), add(logVariance, 1)); // [B, D]
  return mul(0.5, mean(sum(terms, { axes: [1] }))); // []
}
