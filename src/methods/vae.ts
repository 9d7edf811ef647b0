/**
 * VAE: an encoder and a decoder that compress images to a code with a Gaussian prior.
 *
 * Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114):
 * equations 7 and 10, appendices B (the divergence in closed form) and C.1 (Bernoulli decoder). No
 * code of the authors was read.
 *
 *   mu, ln sigma^2 = encoder(x)                                                      [B, d] each
 *   z = mu + sigma eps,   eps ~ N(0, I)                                              [B, d]
 *   reconstruction = sum over pixels and channels of BCE(decoder(z), x),   x in 0 ... 1
 *   KL = -1/2 sum over d of (1 + ln sigma^2 - mu^2 - sigma^2)
 *   L = mean over images of (reconstruction + KL)
 *
 * Symbols: B images per batch, d dimension of the code. Both terms are sums within an image: a mean
 * over pixels beside a sum over d would let the divergence win, and mu would collapse to 0. The
 * network is `src/nn/vae.ts`. Clusters come from k-means on mu, the code without noise.
 *
 * Different from the paper: convolutions in place of fully connected layers, and Adam in place of
 * Adagrad. The network, its widths and the recipe are choices of this library, because Table II of
 * Contrastive Clustering names no recipe. The noise of a step is a function of (seed, step, row).
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import {
  binaryCrossEntropyWithLogits,
  gaussianDivergence,
  vaeDecoder,
  vaeHidden,
  vaeLogVariance,
  vaeMean,
} from '../nn/index.ts';
import {
  add,
  cast,
  exp,
  greater,
  l2Normalize,
  mul,
  sizeOf,
  sum,
  type Tensor,
  variance,
} from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import { unnormalizeImages } from './inference.ts';
import { requireArchitecture } from './ownNetwork.ts';
import type { DrawTime } from './step.ts';

/** Standard deviation over images above which a coordinate of the code tells them apart. */
const ACTIVE_DEVIATION = 0.01;

export const vae = defineMethod({
  name: 'vae',
  about: 'a code with a Gaussian prior from which images are reconstructed (autoencoder, 2014)',
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: z.strictObject({
    divergenceWeight: z
      .number()
      .min(0)
      .default(1)
      .describe('factor of the divergence from the prior; 1 for the bound of the paper'),
  }),
  recipe: {
    views: { scales: [[1, 1]], jitterProbability: 0, grayscaleProbability: 0 },
    encoder: { architecture: 'vae', width: 32, stemStart: 'random' },
  },
  presets: {
    'vae-cifar': {
      description: 'a convolutional VAE on 32 px with 64 values per code: Adam, 100 epochs',
      settings: {
        data: { batchSize: 128, imageSize: 32 },
        views: {
          crops: [{ count: 1, size: 32 }],
          scales: [[1, 1]],
          flipProbability: 0,
          jitterProbability: 0,
          grayscaleProbability: 0,
        },
        encoder: { architecture: 'vae', width: 64 },
        optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0 },
        schedule: { epochs: 100, finalLearningRate: 0.001 },
      },
    },
  },
  check: (_, context) => requireArchitecture('vae', 'vae', context),
  head: () => ({ project: (_variables, features) => l2Normalize(features) }),
  step({ views: [images], settings, step, model, context }) {
    const { encoder, normalize } = context;
    const { width } = encoder;
    const hidden = vaeHidden(model.encoderVariables, images!, encoder); // [B, F]
    const mu = vaeMean(model.encoderVariables, hidden, encoder); // [B, d]
    const logVariance = vaeLogVariance(model.variables, hidden, encoder); // [B, d]
    const [B, d] = mu.shape as [number, number];
    const noise = step.draw('noise', [B, d], (at) => codeNoise(at, [B, d])); // [B, d]
    const code = sampleCode({ mu, logVariance, noise }); // [B, d]
    const size = images!.shape[2]!;
    const logits = vaeDecoder(model.variables, code, { size, width }); // [B, 3, s, s]
    const reconstruction = bernoulliReconstruction(logits, unnormalizeImages(images!, normalize));
    const divergence = gaussianDivergence(mu, logVariance);
    step.minimize(add(reconstruction, mul(settings.divergenceWeight, divergence)));
    step.observe({ embeddings: l2Normalize(mu) });
    step.fact('reconstruction', reconstruction);
    step.fact('divergence', divergence);
    step.fact('activeUnits', activeUnits(mu));
  },
});

/** Samples `z = mu + exp(1/2 ln sigma²) eps` [B, d] of codes with noise eps ~ N(0, 1). */
export function sampleCode({
  mu,
  logVariance,
  noise,
}: Record<'mu' | 'logVariance' | 'noise', Tensor>): Tensor {
  return add(mu, mul(exp(mul(0.5, logVariance)), noise)); // [B, d]
}

/**
 * Cross-entropy of pixels and their Bernoulli probabilities, summed within an image, mean over the
 * batch: at least 0.
 *
 * @param logits of the pixels, [B, C, s, s]
 * @param pixels targets in 0 … 1, [B, C, s, s]
 */
export function bernoulliReconstruction(logits: Tensor, pixels: Tensor): Tensor {
  const perImage = sizeOf(pixels.shape) / pixels.shape[0]!;
  return mul(perImage, binaryCrossEntropyWithLogits(logits, pixels)); // []
}

/** Number of coordinates of mu [B, d] whose deviation over the batch exceeds .01: from 0 to d. */
export function activeUnits(mu: Tensor): Tensor {
  return sum(cast(greater(variance(mu, { axes: [0] }), ACTIVE_DEVIATION ** 2), 'float32')); // []
}

/** Noise of the codes of a step, N(0, 1), by (seed, step, row). */
export function codeNoise(
  { step, seed, firstRow = 0 }: DrawTime,
  [B, d]: readonly [number, number],
): Float32Array {
  const values = new Float32Array(B * d);
  for (let row = 0; row < B; row++) {
    const random = randomAt(seed, 'codeNoise', step, firstRow + row);
    for (let j = 0; j < d; j++) values[row * d + j] = random.normal();
  }
  return values;
}
