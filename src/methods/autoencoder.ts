/**
 * Autoencoder: an image is reconstructed from a code of a few values, and the code is its feature.
 *
 * Source: Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks",
 * Science 2006, and Bengio, Lamblin, Popovici, Larochelle, "Greedy Layer-Wise Training of Deep
 * Networks", NIPS 2006, which the row "AE" of tables of deep clustering names. Those tables give no
 * recipe. This is the one of XifengGuo/DEC-keras, `DEC.py` (`autoencoder`, `pretrain`), from which
 * clustering starts there.
 *
 *   z = f(x);  x^ = g(z);  L = mean (x^ - x)²        over all values of the batch
 *
 * Symbols: x pixels in 0 … 1, f encoder d-500-500-2000-10, g its mirror image with weights of its
 * own (`src/nn/perceptron.ts`), z code. There is no ReLU on code and reconstruction.
 *
 * Different from the source: greedy training of layers is the method `denoising-autoencoder`; here
 * all layers are trained together. Images are as they are, without augmentation.
 */
import { z } from 'zod';
import { l2Normalize } from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import {
  autoencoderRecipe,
  learnReconstruction,
  reconstruct,
  requireMirror,
  wholeImages,
} from './reconstruction.ts';

export const autoencoder = defineMethod({
  name: 'autoencoder',
  about: 'images are reconstructed from a code of ten values, which is their feature (2006)',
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: z.strictObject({}),
  recipe: autoencoderRecipe,
  presets: {
    'autoencoder-cifar': {
      description: 'the default recipe of DEC-keras, for images of 32 px: 200 epochs of Adam',
      settings: {
        ...autoencoderRecipe,
        data: { ...autoencoderRecipe.data, batchSize: 256, imageSize: 32 },
        views: { ...autoencoderRecipe.views, crops: [{ count: 1, size: 32 }], scales: [[1, 1]] },
        encoder: { ...autoencoderRecipe.encoder, width: 64 },
        schedule: { epochs: 200, finalLearningRate: 0.001 },
      },
    },
  },
  cropSpecs: (_, crops) => wholeImages(crops),
  check: (_, context) => requireMirror('autoencoder', context),
  head: () => ({ project: (_variables, code) => l2Normalize(code) }),
  step({ views: [x], step, ...scope }) {
    learnReconstruction(step, x!, reconstruct(x!, scope));
  },
});
