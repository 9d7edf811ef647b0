import { describe, expect, it } from 'vitest';
import { chooseRoad, EPOCHS_TO_PASS, type RoadFacts } from './road.ts';

const photos: RoadFacts = { images: 3068, preset: 'multicrop-64', threads: 2 };
/** 3,068 · 200 / 315 / 60 */
const MINUTES = 32.466;

describe('the road of start', () => {
  it.each<[string, Partial<RoadFacts>, string]>([
    ['no time given', {}, 'patches'],
    ['too little time', { minutes: MINUTES - 0.1 }, 'patches'],
    ['time enough', { minutes: MINUTES + 0.1 }, 'train'],
    ['the same time on four threads', { minutes: MINUTES / 2 + 0.1, threads: 4 }, 'train'],
    ['the same time for twice the images', { images: 6136, minutes: MINUTES + 0.1 }, 'patches'],
    ['smaller images', { preset: 'small-32', minutes: 19 }, 'train'],
    ['an unknown preset, at the slowest speed', { preset: 'own', minutes: MINUTES - 0.1 }, 'patches'],
    ['patches asked for', { minutes: 1e6, asked: 'patches' }, 'patches'],
    ['training asked for', { minutes: 1, asked: 'train' }, 'train'],
  ])('with %s', (_, facts, name) => {
    expect(chooseRoad({ ...photos, ...facts }).name).toBe(name);
  });

  it('takes the time of a stated number of epochs', () => {
    expect(EPOCHS_TO_PASS).toBe(200);
    expect(chooseRoad(photos).minutesToPass).toBeCloseTo(MINUTES, 2);
  });

  it.each<[Partial<RoadFacts>, string]>([
    [
      {},
      'Patch features of 3,068 images now, because training a network from scratch would need ' +
        'about 32 minutes here to pass them.',
    ],
    [
      { images: 100_000, minutes: 4 },
      'Patch features of 100,000 images now, because training a network from scratch would need ' +
        'about 18 hours here to pass them.',
    ],
    [{ images: 1, asked: 'patches' }, 'Patch features of 1 image, as asked for.'],
    [
      { images: 300, minutes: 90 },
      'Training a network on 300 images for about 90 minutes, because it needs about 3 minutes ' +
        'here to pass patch features.',
    ],
    [
      { images: 60, asked: 'train' },
      'Training a network on 60 images, as asked for, which needs less than a minute here to pass ' +
        'patch features.',
    ],
  ])('gives its reason in a sentence, for %o', (facts, reason) => {
    expect(chooseRoad({ ...photos, ...facts }).reason).toBe(reason);
  });
});
