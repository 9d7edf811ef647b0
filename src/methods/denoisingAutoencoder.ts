/**
 * Denoising autoencoder: an image is reconstructed from a corrupted one, layer by layer at first.
 *
 * Source: Vincent, Larochelle, Lajoie, Bengio, Manzagol, "Stacked Denoising Autoencoders: Learning
 * Useful Representations in a Deep Network with a Local Denoising Criterion", JMLR 11, 2010,
 * section 3.5; recipe of vlukiyanov/pt-dec with pt-sdae, `examples/mnist/mnist.py`, and of
 * piiswrong/dec, `dec/pretrain.py`.
 *
 * Stages `layer-1` … `layer-L`: layer i reconstructs the clean output of the frozen layers below it
 * from a corrupted one (formulas in `src/methods/reconstruction.ts`). Stage `stack`, all layers:
 *
 *   L = mean (g(f(corrupt(x))) - x)²        the target is clean
 *
 * Symbols: as in `src/methods/autoencoder.ts`; `corrupt` sets a value to 0 with probability c = .2
 * and multiplies the others by 1 / (1 - c). Features are codes of clean images.
 *
 * Different from the authors' code: a decay of the learning rate by 10 every 100 epochs is a
 * cosine here. The authors of DEC corrupt hidden values as well, and train the stack on clean
 * pixels.
 */
import { z } from 'zod';
import { l2Normalize } from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import {
  autoencoderRecipe,
  corruption,
  layerEpochs,
  layerStages,
  learnReconstruction,
  reconstruct,
  requireMirror,
  wholeImages,
} from './reconstruction.ts';

export const denoisingAutoencoder = defineMethod({
  name: 'denoising-autoencoder',
  about: 'corrupted images are reconstructed, layer by layer at first, then together (2010)',
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: z.strictObject({ layerEpochs: layerEpochs(1), corruption: corruption() }),
  recipe: autoencoderRecipe,
  presets: {
    'denoising-autoencoder-mnist': {
      description: 'the recipe of pt-dec for gray images of 28 px: 300 epochs per layer, then 500',
      settings: {
        ...autoencoderRecipe,
        data: { ...autoencoderRecipe.data, batchSize: 256, imageSize: 28 },
        views: { ...autoencoderRecipe.views, crops: [{ count: 1, size: 28 }], scales: [[1, 1]] },
        encoder: { ...autoencoderRecipe.encoder, width: 64 },
        optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 0 },
        schedule: { epochs: 1700 },
        method: { layerEpochs: 300, corruption: 0.2 },
      },
    },
  },
  cropSpecs: (_, crops) => wholeImages(crops),
  check: (_, context) => requireMirror('denoising-autoencoder', context),
  head: () => ({ project: (_variables, code) => l2Normalize(code) }),
  stages: ({ settings, context }) => [
    ...layerStages(context, { epochs: settings.layerEpochs, rate: settings.corruption }),
    {
      name: 'stack',
      restart: true,
      step({ views: [x], settings: { corruption: rate }, step, ...scope }) {
        const drop = step.dropout({ rate });
        learnReconstruction(step, x!, reconstruct(x!, scope, { drop }));
      },
    },
  ],
});
