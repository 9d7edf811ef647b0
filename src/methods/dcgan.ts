/**
 * DCGAN: a generator makes images from noise, a discriminator tells them from real ones, and the
 * maps of the discriminator are features.
 *
 * Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
 * Generative Adversarial Networks", ICLR 2016 (arXiv:1511.06434): sections 3, 4 and 5.1; the
 * authors' code, Newmu/dcgan_code: `imagenet/load_pretrained.py` (layers), `faces/
 * train_uncond_dcgan.py` (training). The game is that of Goodfellow et al., NeurIPS 2014.
 *
 *   x' = G(z),   z ~ U(-1, 1)
 *   L_D = -mean ln D(x) - mean ln(1 - D(x'))          updates D in odd steps
 *   L_G = -mean ln D(x')                              updates G in even steps
 *
 * Symbols: x images and x' generated ones, B per batch each; D the sigmoid of a logit l. The losses
 * are written with logits, -ln D = ln(1 + e^-l) and -ln(1 - D) = ln(1 + e^l), so that no logarithm
 * of a rounded probability occurs. Real and generated images go through D apart, so that batch norm
 * sees each alone. Each player has an Adam of its own. The networks are `src/nn/dcgan.ts`.
 *
 * Features are the six maps of D, max-pooled to 4 x 4 and joined. The paper puts a linear
 * classifier on them. Here clusters come from k-means on them, and no PCA shortens them first.
 *
 * Different from the authors' code: both losses of a step are of the same batch, of which one is
 * minimized; running statistics of D are those of real images, which the features are taken of;
 * gains of batch norms start at 1 and not at N(1, .02²); images keep the normalization of the run,
 * and G's output, -1 ... 1, is brought to it.
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import {
  adam,
  dcganGenerator,
  discriminatorLogits,
  discriminatorMaps,
  GENERATOR,
  generatorInputs,
  pooledMaps,
  type Variables,
} from '../nn/index.ts';
import {
  add,
  l2Normalize,
  mean,
  mul,
  neg,
  sigmoid,
  slice,
  softplus,
  type Tensor,
} from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import { normalizeImages } from './inference.ts';
import type { UpdateSchedule } from './objectives.ts';
import { requireArchitecture } from './ownNetwork.ts';
import { fraction } from './settings.ts';
import type { DrawTime } from './step.ts';

/** Coordinates of features that the run doctor watches; all would be a large matrix per step. */
const WATCHED = 512;

/** Steps that update the generator, which moves first, and those that update the discriminator. */
export const turns = {
  generator: {
    isActive: ({ step }) => step % 2 === 0,
    updates: ({ step }) => Math.ceil(step / 2),
  },
  discriminator: {
    isActive: ({ step }) => step % 2 === 1,
    updates: ({ step }) => Math.floor(step / 2),
  },
} as const satisfies Record<string, UpdateSchedule>;

export const dcgan = defineMethod({
  name: 'dcgan',
  about: 'a discriminator tells images from generated ones, and its maps are features (2016)',
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: z.strictObject({
    beta1: fraction()
      .default(0.5)
      .describe("decay of the first moment in both players' Adam; the optimizer is always Adam"),
  }),
  recipe: {
    views: { scales: [[1, 1]], jitterProbability: 0, grayscaleProbability: 0 },
    encoder: { architecture: 'dcgan', width: 8, stemStart: 'random' },
  },
  presets: {
    'dcgan-cifar': {
      description:
        "the authors' networks for 32 px with the recipe of their faces: Adam, 30 epochs",
      settings: {
        data: { batchSize: 128, imageSize: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
        views: {
          crops: [{ count: 1, size: 32 }],
          scales: [[1, 1]],
          flipProbability: 0,
          jitterProbability: 0,
          grayscaleProbability: 0,
        },
        encoder: { architecture: 'dcgan', width: 64 },
        optimizer: { name: 'adam', learningRate: 2e-4, weightDecay: 1e-5 },
        schedule: { epochs: 30, finalLearningRate: 2e-4 },
      },
    },
  },
  check: (_, context) => requireArchitecture('dcgan', 'dcgan', context),
  head: () => ({ project: (_variables, features) => l2Normalize(features) }),
  step({ views: [images], settings, step, model, context }) {
    const { encoder, normalize, optimizerSettings } = context;
    const [B, , size] = images!.shape as [number, number, number];
    const inputs = generatorInputs(encoder);
    const z = step.draw('generatorInput', [B, inputs], (at) => generatorInput(at, [B, inputs]));
    const generated = dcganGenerator(model.variables, z, { ...encoder, size }); // [B, 3, s, s]
    const fakes = normalizeImages(mul(add(generated, 1), 255 / 2), normalize); // [B, 3, s, s]

    const maps = discriminatorMaps(model.encoderVariables, images!, encoder);
    const real = discriminatorLogits(model.variables, maps.at(-1)!); // [B, 1]
    const ofFakes = withoutStatistics(model.variables);
    const fake = discriminatorLogits(
      model.variables,
      discriminatorMaps(ofFakes, fakes, encoder).at(-1)!,
    ); // [B, 1]

    const { weightDecay } = optimizerSettings;
    const optimizer = adam({ beta1: settings.beta1, weightDecay });
    const losses = { generator: generatorLoss(fake), discriminator: discriminatorLoss(real, fake) };
    step.minimize(losses.generator, {
      group: 'generator',
      variables: GENERATOR,
      optimizer,
      when: turns.generator,
    });
    step.minimize(losses.discriminator, {
      group: 'discriminator',
      optimizer,
      when: turns.discriminator,
    });
    const features = pooledMaps(maps); // [B, D]
    const end = Math.min(WATCHED, features.shape[1]!);
    step.observe({
      embeddings: l2Normalize(slice(features, { axis: 1, start: 0, end })),
      isLossJudged: false,
    });
    step.fact('generatorLoss', losses.generator);
    step.fact('discriminatorLoss', losses.discriminator);
    step.fact('realProbability', mean(sigmoid(real)));
    step.fact('generatedProbability', mean(sigmoid(fake)));
  },
});

/**
 * `-mean ln D(x) - mean ln(1 - D(x'))` of logits [B, 1]: at least 0, and 2 ln 2 where D is 1/2.
 *
 * @param real logits of images
 * @param fake logits of generated images
 */
export function discriminatorLoss(real: Tensor, fake: Tensor): Tensor {
  return add(mean(softplus(neg(real))), mean(softplus(fake)));
}

/** `-mean ln D(x')` of logits [B, 1] of generated images: at least 0. */
export function generatorLoss(fake: Tensor): Tensor {
  return mean(softplus(neg(fake)));
}

/** The same variables, whose running statistics a pass does not change. */
function withoutStatistics(variables: Variables): Variables {
  return { ...variables, setBuffer: () => {} };
}

/** Inputs of the generator in a step, uniform in -1 … 1, by (seed, step, row). */
export function generatorInput(
  { step, seed, firstRow = 0 }: DrawTime,
  [B, inputs]: readonly [number, number],
): Float32Array {
  const values = new Float32Array(B * inputs);
  for (let row = 0; row < B; row++) {
    const random = randomAt(seed, 'generatorInput', step, firstRow + row);
    for (let j = 0; j < inputs; j++) values[row * inputs + j] = random.uniform(-1, 1);
  }
  return values;
}
