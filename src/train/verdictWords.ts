/** Words of the run doctor with their meanings, for the report and the documentation. */
import type { Health } from './doctor.ts';

/** Meaning of each word, first those of a run in training, then of a finished and a failed one. */
export const verdictWords: Readonly<Record<Health, string>> = {
  'warming up':
    'In training. The run is younger than an epoch or 50 steps, or its loss has not left the ' +
    'random baseline yet.',
  learning:
    'In training. The loss has fallen below the random baseline and its own start, and embeddings ' +
    'of images differ.',
  healthy:
    'Finished. The weights and the loss have moved, and images and epochs are at least half of ' +
    'those that the preset was made for. The word does not judge the clusters.',
  unlearned:
    'Finished. The mean loss is less than 3 % below the random baseline, or below its own highest ' +
    'value. Or the weights have moved by less than 0.1 %, or nearly all embeddings are the same, or ' +
    'the two views of an image find each other in the batch hardly more often than by a guess.',
  'too short':
    'Finished. Each image was seen fewer than 10 times, or in less than half of the epochs that ' +
    'the preset was made for.',
  'too few images':
    'Finished. There are fewer than 200 different images, or less than half of those that the ' +
    'batches, prototypes, clusters or queue of the recipe need.',
  diverged:
    'Stopped. A loss, a weight or a value of the optimizer is not a finite number. Or the loss is ' +
    '100 times its start, or the weights are 1,000 times theirs.',
  collapsed: 'Stopped. The loss has stayed at the random baseline for 200 steps.',
  narrow: 'Stopped. Nearly all embeddings have been at one point or on one line for 200 steps.',
};
