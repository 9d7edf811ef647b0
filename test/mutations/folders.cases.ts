/** Lines of the folders below the methods. */
import type { Mutation } from './mutation.cases.ts';

const ofDraws = 'draws.test.ts';
const ofOrientation = 'orientation.test.ts';

export const folders = {
  views: [
    {
      line: 'color jitter: factors reach 1 + strength',
      in: 'drawColorJitter',
      find: "what === 'hue' ? width : 1 + width",
      to: "what === 'hue' ? width : 1",
      caughtBy: [ofDraws, 'evenly from'],
    },
    {
      line: 'color jitter: no factor is below 0',
      in: 'drawColorJitter',
      find: 'Math.max(0, 1 - width)',
      to: '1 - width',
      caughtBy: [ofDraws, 'color jitter'],
    },
    {
      line: 'blur: sigma is drawn from its range',
      in: 'drawStep',
      find: 'random.uniform(...step.sigma)',
      to: 'step.sigma[0]',
      caughtBy: [ofDraws, 'draws sigma evenly'],
    },
    {
      line: 'crop: the image has a width and a height, in this order',
      in: 'drawView',
      find: 'drawCrop(width, height, crop, random)',
      to: 'drawCrop(height, width, crop, random)',
      caughtBy: [ofDraws, 'the crop'],
    },
    {
      line: 'crop: the ratio is drawn on a logarithmic scale',
      in: 'drawCrop',
      find: 'Math.exp(random.uniform(logLow, logHigh))',
      to: 'random.uniform(lowRatio, highRatio)',
      caughtBy: [ofDraws, 'the crop'],
    },
    {
      line: 'crop: ten tries, then the central box',
      in: 'randomResizedCrop/MAX_DRAWS',
      find: '10',
      to: '9',
      caughtBy: [ofDraws, 'the crop'],
    },
    {
      line: 'view: the source has a width and a height, in this order',
      in: 'makeView',
      find: 'drawView(source.width, source.height, crop, random)',
      to: 'drawView(source.height, source.width, crop, random)',
      caughtBy: [ofOrientation, 'shows the part that was drawn'],
    },
    {
      line: 'flip: left to right',
      in: 'applyStep',
      find: 'flip(image);',
      to: 'flip({ ...image, width: image.data.length / 3 });',
      caughtBy: [ofOrientation, 'is mirrored left to right'],
    },
  ],
  cluster: [
    {
      line: 'k-means: donors by (n - 1) / (N - K)',
      in: 'splitForEmpty',
      find: '(sizes[donor] - 1) / (total - clusters)',
      to: 'sizes[donor]! / total',
      caughtBy: ['kmeans.test.ts', 'takes donors as often as faiss does'],
    },
    {
      line: 'phi: clusters of one image do not set the largest',
      in: 'rawConcentrations',
      find: 'sizes[c] > 1 ? $phi : 0',
      to: '$phi',
      caughtBy: ['concentration.test.ts', 'gives clusters of one member the largest of the others'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
