import type { TrainingAnswer, TrainOffer } from '../../../src/server/protocol.ts';
import { normal } from './random.ts';

const TOTAL = 1200;
const STEPS_PER_EPOCH = 60;
const QUEUE_START = 300;

/** Training that is at a step of 1200: a falling loss and two rising measures. */
export function syntheticTraining(step: number, seed: number): TrainingAnswer {
  const running = step < TOTAL;
  const steps = Array.from({ length: Math.floor(step / 10) + 1 }, (_, i) => i * 10);
  const loss = steps.map((s) => 1.6 + 4.1 * Math.exp(-s / 260) + 0.05 * normal(seed, s, 20));
  const measured = steps.filter((s) => s % STEPS_PER_EPOCH === 0);
  const rising = (from: number, to: number, purpose: number) =>
    measured.map((s) => to - (to - from) * Math.exp(-s / 380) + 0.012 * normal(seed, s, purpose));
  return {
    state: running ? 'training' : 'finished',
    step,
    epoch: Math.floor(step / STEPS_PER_EPOCH),
    totalSteps: TOTAL,
    seconds: step * 0.9,
    throughput: 142,
    remaining: (TOTAL - step) * 0.9,
    steps,
    loss,
    chance: { value: 5.704, name: 'random baseline' },
    measures: [
      {
        name: 'view agreement',
        meaning: 'Fraction of images whose two views share a cluster. Higher is better.',
        steps: measured,
        values: rising(0.12, 0.83, 21),
      },
      {
        name: 'effective rank',
        meaning: 'Number of directions that the features use. A fall to 1 is a collapse.',
        steps: measured,
        values: rising(3, 46, 22),
      },
      {
        name: 'neighbor purity',
        meaning: 'Fraction of nearest neighbors in the same cluster.',
        steps: measured,
        values: rising(0.2, 0.76, 23),
      },
    ],
    health: running ? 'learning' : 'healthy',
    verdict: running
      ? 'learning: loss 2.41, random baseline 5.70'
      : 'healthy: loss 1.61, random baseline 5.70, 20 epochs',
    meaning: running
      ? 'In training. The loss has fallen below the random baseline and its own start.'
      : 'Finished. The weights and the loss have moved. The word does not judge the clusters.',
    notes: step < QUEUE_START ? [] : [`The queue started at step ${QUEUE_START}.`],
  };
}

const choices: TrainOffer['choices'] = {
  methods: [
    { name: 'swav', about: 'views of an image predict the prototypes of each other' },
    { name: 'simclr', about: 'two views of an image find each other among the batch' },
    { name: 'moco', about: 'two views find each other among a queue of earlier images' },
    { name: 'byol', about: 'one view predicts the other, which a slow copy embeds' },
  ],
  heads: [
    { name: 'ensemble', about: 'a head learns what several heads and clusterings agree on' },
    { name: 'temi', about: 'a head gives neighbors the same cluster' },
  ],
  ...{ usual: 'simclr', usualHead: 'ensemble' },
  presets: [
    { name: 'small-32', about: 'images of about 32 px: two crops, half an hour on two cores' },
    { name: 'multicrop-64', about: 'photos from 64 px: multi-crop 2x64 + 4x32, for two cores' },
    { name: 'swav-imagenet', about: 'the recipe of the paper, for many GPUs', method: 'swav' },
  ],
};

/** Offer to train on a number of images. */
export function syntheticOffer(images: number): TrainOffer {
  const times = [5, 15, 30, 60, 120].map((minutes) => {
    const epochs = (minutes * 60 * 315) / Math.max(1, images);
    const seen = `${images.toLocaleString('en-US')} images will see ${Math.floor(epochs)}`;
    const shortage = epochs < 200 ? `${seen} of the 200 epochs that this recipe was made for` : '';
    return { minutes, epochs, shortage };
  });
  return {
    ...{ images, method: 'simclr', preset: 'multicrop-64', epochs: 200, times, suggested: 30 },
    ...{ choices, isEstimated: true },
    sentences: [
      'The 200 epochs of a whole recipe take about 32 minutes on this machine.',
      'A pretrained model groups photos better still.',
    ],
  };
}
