/**
 * InstDisc: every image is a class of its own, and a memory bank of earlier embeddings is the
 * classifier.
 *
 * Source: Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance
 * Discrimination", CVPR 2018 (arXiv:1805.01978): equation 2 (non-parametric softmax), section 3.2
 * (memory bank and sampling).
 *
 *   f = normalize(head(encoder(x)))                        one view per image
 *   P(i | f) = e^(v_i·f / tau) / sum over candidates j of e^(v_j·f / tau)
 *   L = mean of -ln P(i | f)
 *   v_i ← normalize(m v_i + (1 - m) f_i)
 *
 * Symbols: N images, v [N, D] the bank, B images per batch, M negatives drawn per step, m the
 * bank's momentum, tau temperature.
 *
 * `loss: 'softmax'` takes the whole bank as candidates where that is no more than M rows beside the
 * image's own (equation 2 itself), else the image's own row and M rows drawn evenly: a sampled
 * softmax, one matrix product, no constant to estimate. A drawn row that is the image's own is left
 * out. `loss: 'nce'` is the paper's noise-contrastive estimation (src/methods/noiseContrast.ts),
 * with M rows of noise and a constant Z that the first batch estimates. `proximalWeight` adds the
 * paper's proximal term (equation 10), lambda |f_i - v_i|²; the authors' code does without.
 *
 * Different: the drawn rows are the same for all images of a step, where the authors draw M for
 * each image.
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import {
  add,
  arange,
  concat,
  equal,
  gather,
  l2Normalize,
  maskFill,
  matmul,
  mul,
  reshape,
  scatterAdd,
  stopGradient,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { type ContrastiveOptions, cosines, firstIsTarget, MASKED } from './contrastive.ts';
import { defineMethod } from './defineMethod.ts';
import { noiseBaselineLoss, noiseContrast, proximal } from './noiseContrast.ts';
import { project, projectionSettings } from './projection.ts';
import { onSphere } from './queue.ts';
import { fraction, positive, rate } from './settings.ts';
import type { Step } from './step.ts';

export const instdisc = defineMethod({
  name: 'instdisc',
  about: 'every image a class of its own, classified by a memory bank',
  crops: 'single',
  rows: 'own',
  settings: z.strictObject({
    ...projectionSettings,
    temperature: rate().default(0.1).describe('tau of the softmax over images'),
    bankMomentum: fraction().default(0.5).describe('momentum of the memory bank'),
    negatives: positive().default(4096).describe('negatives drawn from the memory bank per step'),
    loss: z
      .enum(['softmax', 'nce'])
      .default('softmax')
      .describe('softmax over drawn images, or noise-contrastive estimation with a constant Z'),
    proximalWeight: z
      .number()
      .min(0)
      .default(0)
      .describe('lambda, weight of the distance of embeddings from their rows of the bank'),
  }),
  recipe: { method: { hiddenDim: 0 } },
  presets: {
    'instdisc-imagenet': {
      description:
        "the paper's recipe with ResNet-18: 1x224 at batch 256, 4,096 negatives, SGD, 200 epochs",
      settings: {
        data: { batchSize: 256, imageSize: 224 },
        views: {
          crops: [{ count: 1, size: 224 }],
          scales: [[0.2, 1]],
          jitterProbability: 1,
          hue: 0.4,
          grayscaleOrder: 'before',
        },
        encoder: { architecture: 'resnet18', width: 64, stem: 'imagenet' },
        optimizer: { name: 'sgd', learningRate: 0.03, weightDecay: 1e-4 },
        schedule: { epochs: 200 },
        method: {
          hiddenDim: 0,
          embeddingDim: 128,
          temperature: 0.07,
          negatives: 4096,
          bankMomentum: 0.5,
          loss: 'nce',
        },
      },
    },
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
  }),
  step({ crops: [images], settings, step, model }) {
    const { images: N, indices } = step;
    const { negatives: M, embeddingDim: D, bankMomentum } = settings;
    const takesAll = settings.loss === 'softmax' && M >= N - 1;
    const bank = step.randomState('bank', [N, D], onSphere);

    const f = model.embed(images!); // [B, D]
    const own = gather(bank.current, indices); // [B, D]
    const positions = takesAll
      ? arange(N) // [N]
      : step.draw('negatives', [M], (at) => drawNegatives(at, { count: M, images: N }), 'int32'); // [M]
    // [N, D] or [M, D]
    const candidates = takesAll ? bank.current : gather(bank.current, positions);
    const loss =
      settings.loss === 'nce'
        ? estimatedLoss(step, f, { own, noise: candidates }, settings)
        : instanceLoss(f, { own, indices, candidates, positions }, settings);
    const { proximalWeight } = settings;
    step.minimize(proximalWeight > 0 ? add(loss, mul(proximalWeight, proximal(f, own))) : loss);
    const seen = step.acrossReplicas(indices); // [R B]
    bank.set(
      bankAfter(bank.current, {
        own: gather(bank.current, seen),
        indices: seen,
        f: step.acrossReplicas(f),
        momentum: bankMomentum,
      }),
    );
    step.observe({
      embeddings: f,
      pairs: [f, own],
      randomBaselineLoss:
        settings.loss === 'nce' ? noiseBaselineLoss(M) : Math.log(takesAll ? N : 1 + M),
    });
  },
});

/** NCE loss with the run's constant Z, which the first batch estimates. */
function estimatedLoss(
  step: Step,
  f: Tensor,
  rows: Record<'own' | 'noise', Tensor>,
  options: ContrastiveOptions,
): Tensor {
  const stored = step.state('normalizer', [1]); // [1]
  const { loss, normalizer } = noiseContrast(
    f,
    { ...rows, normalizer: stored.current },
    { ...options, images: step.images },
  );
  stored.set(normalizer);
  return loss;
}

/**
 * Mean over rows of `-ln P(i | f)`.
 *
 * @param f embeddings [B, D] on the unit sphere
 * @param own the images' own rows of the bank, [B, D]
 * @param indices the images' positions in the bank, int32 [B]
 * @param candidates rows of the bank, [M, D]
 * @param positions the candidates' positions in the bank, int32 [M]; a candidate that is the
 *   image's own is left out
 */
export function instanceLoss(
  f: Tensor,
  {
    own,
    indices,
    candidates,
    positions,
  }: Record<'own' | 'indices' | 'candidates' | 'positions', Tensor>,
  { temperature }: ContrastiveOptions,
): Tensor {
  const B = f.shape[0]!;
  const scale = 1 / temperature;
  const isOwn = equal(reshape(indices, [B, 1]), positions); // [B, M]
  const others = maskFill(mul(matmul(f, transpose(candidates)), scale), isOwn, MASKED); // [B, M]
  return firstIsTarget(concat([mul(cosines(f, own), scale), others], 1)); // over [B, 1 + M]
}

/**
 * The bank after a step: the rows of the batch's images moved towards their embeddings f [B, D], on
 * the sphere.
 */
export function bankAfter(
  bank: Tensor,
  { own, indices, f, momentum: m }: { own: Tensor; indices: Tensor; f: Tensor; momentum: number },
): Tensor {
  const moved = add(mul(own, m), mul(stopGradient(f), 1 - m)); // [B, D]
  return scatterAdd(bank, indices, sub(l2Normalize(moved), own)); // [N, D]
}

/** Positions in the bank, drawn evenly and with replacement, by (seed, step). */
export function drawNegatives(
  { step, seed }: { step: number; seed: number },
  { count, images }: { count: number; images: number },
): Int32Array {
  const random = randomAt(seed, 'instdiscNegatives', step);
  return Int32Array.from({ length: count }, () => random.integer(images));
}
