/**
 * Noise-contrastive estimation: a row of a memory bank is told from rows that are drawn as noise,
 * so that no sum over the whole bank is needed.
 *
 * Source: Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance
 * Discrimination", CVPR 2018 (arXiv:1805.01978), equations 4 to 8; authors' code:
 * `lib/NCEAverage.py`, `lib/NCECriterion.py`.
 *
 *   P(j | f) = e^(v_j·f / tau) / Z
 *   h(j, f) = P(j | f) / (P(j | f) + M / N)
 *   L = mean of -ln h(i, f) - sum over drawn rows j of ln(1 - h(j, f))
 *
 * Z, the sum over the whole bank, is one constant for all images: N times the mean of e^(v·f / tau)
 * over the first batch, its own rows and the drawn ones.
 */
import {
  add,
  concat,
  div,
  dotRows,
  exp,
  greater,
  log,
  matmul,
  mean,
  mul,
  neg,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import { type ContrastiveOptions, cosines } from './contrastive.ts';

/** Keeps quotients away from 0, as in the authors' code. */
const TINY = 1e-7;

export interface NoiseContrast {
  /** The loss, []. */
  loss: Tensor;
  /** Z of this step, [1]. */
  normalizer: Tensor;
}

/**
 * NCE loss of embeddings f [B, D] on the unit sphere.
 *
 * With Z the true sum, equal cosines give `ln(1 + M) + M ln(1 + 1 / M)`.
 *
 * @param own the images' own rows of the bank, [B, D]
 * @param noise drawn rows, [M, D], which may be own ones
 * @param normalizer Z [1], or 0 to estimate it from this batch
 * @param images N, rows of the whole bank
 */
export function noiseContrast(
  f: Tensor,
  { own, noise, normalizer }: Record<'own' | 'noise' | 'normalizer', Tensor>,
  { temperature, images: N }: ContrastiveOptions & { images: number },
): NoiseContrast {
  const M = noise.shape[0]!;
  const scale = 1 / temperature;
  const data = exp(mul(cosines(f, own), scale)); // [B, 1]
  const others = exp(mul(matmul(f, transpose(noise)), scale)); // [B, M]
  const estimate = stopGradient(mul(mean(concat([data, others], 1)), N)); // []
  const Z = where(greater(normalizer, 0), normalizer, estimate); // [1]
  const share = M / N;
  const isData = (x: Tensor) => div(div(x, Z), add(div(x, Z), share + TINY));
  const isNoise = (x: Tensor) => div(share, add(div(x, Z), share + TINY));
  const ofNoise = sum(log(isNoise(others)), { axes: [1] }); // [B]
  return { loss: neg(add(mean(log(isData(data))), mean(ofNoise))), normalizer: Z };
}

/** Loss of a network that tells nothing apart, with M rows of noise. */
export function noiseBaselineLoss(M: number): number {
  return Math.log(1 + M) + M * Math.log(1 + 1 / M);
}

/**
 * Proximal term (equation 10): mean over rows of `|f - v|²` of embeddings f [B, D] and their rows v
 * [B, D] of the bank, through which no gradient flows: from 0 to 4.
 */
export function proximal(f: Tensor, own: Tensor): Tensor {
  const step = sub(f, stopGradient(own)); // [B, D]
  return mean(dotRows(step, step));
}
