/** Lines of the methods that generate images. */
import type { Mutation } from './mutation.cases.ts';

export const generative = {
  vae: [
    {
      line: 'the code has noise of its own deviation',
      in: 'sampleCode',
      find: 'exp(mul(0.5, logVariance))',
      to: 'exp(logVariance)',
      caughtBy: ['vae.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the reconstruction is a sum over the pixels of an image',
      in: 'bernoulliReconstruction',
      find: 'mul(perImage, binaryCrossEntropyWithLogits(logits, pixels))',
      to: 'binaryCrossEntropyWithLogits(logits, pixels)',
      caughtBy: ['vae.test.ts', 'sums both terms within an image'],
    },
    {
      line: 'the divergence is a sum over the code',
      in: 'gaussianDivergence',
      find: 'sum(terms, { axes: [1] })',
      to: 'terms',
      caughtBy: ['vae.test.ts', 'has the divergence of table2.md'],
    },
    {
      line: 'the features are the means, without noise',
      in: 'vaeEncoder',
      find: 'vaeMean(variables, vaeHidden(variables, x, options), options)',
      to: 'vaeLogVariance(variables, vaeHidden(variables, x, options), options)',
      caughtBy: ['vae.test.ts', 'gives the means as features'],
    },
    {
      line: 'the targets are pixels of 0 to 1',
      in: 'vae',
      find: 'unnormalizeImages(images!, normalize)',
      to: 'images!',
      caughtBy: ['vae.test.ts', 'reconstructs pixels of 0 to 1'],
    },
  ],
  dcgan: [
    {
      line: 'the discriminator learns that generated images are not real',
      in: 'discriminatorLoss',
      find: 'softplus(fake)',
      to: 'softplus(neg(fake))',
      caughtBy: ['dcgan.test.ts', 'has losses of 2 ln 2'],
    },
    {
      line: 'statistics of generated images are not kept',
      in: 'withoutStatistics',
      find: 'setBuffer: () => {}',
      to: '',
      caughtBy: ['dcgan.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the players take turns',
      in: 'turns',
      find: 'step % 2 === 1',
      to: 'step % 2 === 0',
      caughtBy: ['dcgan.test.ts', 'takes turns'],
    },
    {
      line: 'the generator is updated by its own loss',
      in: 'dcgan',
      find: 'variables: GENERATOR',
      to: "variables: 'discriminator.'",
      caughtBy: ['dcgan.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'images of the generator come to the normalization of the run',
      in: 'dcgan',
      find: 'normalizeImages(mul(add(generated, 1), 255 / 2), normalize)',
      to: 'add(generated, 0.5)',
      caughtBy: ['dcgan.test.ts', 'agrees with a whole step'],
    },
  ],
  decnn: [
    {
      line: 'filters have unit length',
      in: 'unitFilters',
      find: 'div(w, sqrt(squares))',
      to: 'w',
      caughtBy: ['decnn.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'values lose the threshold',
      in: 'softThreshold',
      find: 'sub(abs(x), t)',
      to: 'abs(x)',
      caughtBy: ['decnn.test.ts', 'shrinks values'],
    },
    {
      line: 'steps look ahead',
      in: 'inferMaps',
      find: '(t - 1) / next',
      to: '0',
      caughtBy: ['decnn.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'maps are inferred without gradient',
      in: 'decnnLayers',
      find: 'stopGradient(inferMaps(y, filters))',
      to: 'inferMaps(y, filters)',
      caughtBy: ['decnn.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the bound is of sums of absolute correlations',
      in: 'operatorBound',
      find: 'abs(correlations)',
      to: 'correlations',
      caughtBy: ['decnn.test.ts', 'has a bound that no maps exceed'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
