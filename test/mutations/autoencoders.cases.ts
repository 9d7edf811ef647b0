/** Lines of the methods that reconstruct images, and of DEC, which begins with them. */
import type { Mutation } from './mutation.cases.ts';

export const autoencoders = {
  autoencoder: [
    {
      line: 'the code has no ReLU',
      in: 'encoderLayer',
      find: 'layer === widths.length - 1 ? y : relu(y)',
      to: 'relu(y)',
      caughtBy: ['perceptron.test.ts', 'has no ReLU on code and reconstruction'],
    },
    {
      line: 'the reconstruction has no ReLU',
      in: 'decoderLayer',
      find: 'layer === 0 ? y : relu(y)',
      to: 'relu(y)',
      caughtBy: ['perceptron.test.ts', 'has no ReLU on code and reconstruction'],
    },
    {
      line: 'the loss is a mean over all values',
      in: 'meanSquaredError',
      find: 'mean(mul(difference, difference))',
      to: 'mul(16, mean(mul(difference, difference)))',
      caughtBy: ['losses.test.ts', 'gives the golden loss and gradient 2'],
    },
    {
      line: 'images are whole, as they are',
      in: 'wholeImages',
      find: '{ ...crop!, scale: [1, 1], ratio: [1, 1] }',
      to: '{ ...crop! }',
      caughtBy: ['autoencoder.test.ts', 'reads images as they are'],
    },
  ],
  'denoising-autoencoder': [
    {
      line: 'the target of the stack is clean',
      in: 'reconstruction/reconstruct',
      find: 'meanSquaredError(rebuilt, clean)',
      to: "meanSquaredError(rebuilt, drop(clean, 'target'))",
      caughtBy: ['denoisingAutoencoder.test.ts', 'agrees with a whole step of all layers'],
    },
    {
      line: 'layers below are frozen',
      in: 'layerStep',
      find: "'frozen'",
      to: "'trained'",
      caughtBy: ['denoisingAutoencoder.test.ts', 'agrees with a whole step of one layer'],
    },
    {
      line: "a layer's input is corrupted",
      in: 'layerStep',
      find: 'layer < firstCorrupted',
      to: 'layer >= firstCorrupted',
      caughtBy: ['denoisingAutoencoder.test.ts', 'agrees with a whole step of one layer'],
    },
  ],
  dec: [
    {
      line: 'targets are squared assignments',
      in: 'targetDistribution',
      find: 'mul(q, q)',
      to: 'q',
      caughtBy: ['dec.test.ts', 'have the golden assignments'],
    },
    {
      line: 'large clusters count less',
      in: 'targetDistribution',
      find: 'div(mul(q, q), $f)',
      to: 'mul(q, q)',
      caughtBy: ['dec.test.ts', 'have the golden assignments'],
    },
    {
      line: 'no gradient reaches the target',
      in: 'clusteringLoss',
      find: 'stopGradient(p)',
      to: 'p',
      caughtBy: ['dec.test.ts', 'have the golden gradients'],
    },
    {
      line: 'assignments fall as Student t of one degree of freedom',
      in: 'studentLogits',
      find: '-(freedom + 1) / 2',
      to: '-(freedom + 1) / 4',
      caughtBy: ['dec.test.ts', 'have the golden assignments'],
    },
    {
      line: 'the first target does not end the clustering',
      in: 'clusteringStage',
      find: 'since > 0 && changedFraction($b, labels) < settings.tolerance',
      to: 'changedFraction($b, labels) < settings.tolerance',
      caughtBy: ['dec.test.ts', 'do not end clustering at first'],
    },
    {
      line: 'after the end nothing is learned',
      in: 'clusteringStep',
      find: 'mul(given, active)',
      to: 'given',
      caughtBy: ['dec.test.ts', 'changes nothing after the end'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
