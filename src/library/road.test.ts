import { describe, expect, it } from 'vitest';
import { chooseRoad, FEWEST_IMAGES, RECIPE_EPOCHS, type RoadFacts } from './road.ts';

const photos: RoadFacts = { images: 12_600, preset: 'multicrop-64', threads: 2 };
/** 12,600 · 200 / 315 / 60 */
const MINUTES = 133.333;

describe('the road of start', () => {
  it.each<[string, Partial<RoadFacts>, string]>([
    ['no time given', {}, 'patches'],
    ['too little time', { minutes: MINUTES - 0.1 }, 'patches'],
    ['time enough', { minutes: MINUTES + 0.1 }, 'train'],
    ['the same time on four threads', { minutes: MINUTES / 2 + 0.1, threads: 4 }, 'train'],
    ['the same time for twice the images', { images: 25_200, minutes: MINUTES + 0.1 }, 'patches'],
    ['time enough for too few images', { images: FEWEST_IMAGES - 1, minutes: 1e6 }, 'patches'],
    ['as many images as are needed', { images: FEWEST_IMAGES, minutes: 1e6 }, 'train'],
    ['smaller images', { preset: 'small-32', minutes: 77 }, 'train'],
    [
      'an unknown preset, at the slowest speed',
      { preset: 'own', minutes: MINUTES - 0.1 },
      'patches',
    ],
    ['patches asked for', { minutes: 1e6, asked: 'patches' }, 'patches'],
    ['training asked for', { images: 60, minutes: 1, asked: 'train' }, 'train'],
  ])('with %s', (_, facts, name) => {
    expect(chooseRoad({ ...photos, ...facts }).name).toBe(name);
  });

  it('takes the time of a stated number of epochs', () => {
    expect(RECIPE_EPOCHS).toBe(200);
    expect(chooseRoad(photos).recipeMinutes).toBeCloseTo(MINUTES, 2);
  });

  it.each<[Partial<RoadFacts>, string]>([
    [
      { images: 3068 },
      'Patch features of 3,068 images: networks from scratch are trained on 10,000 images or ' +
        'more, unless asked for (the 200 epochs of a recipe take about 32 minutes here). A ' +
        'pretrained model (encoder) often groups images better still.',
    ],
    [
      { images: 100_000, minutes: 4 },
      'Patch features of 100,000 images: a network from scratch needs far more time to pass them ' +
        '(the 200 epochs of a recipe take about 18 hours here). A pretrained model (encoder) ' +
        'often groups images better still.',
    ],
    [{ images: 1, asked: 'patches' }, 'Patch features of 1 image, as asked for.'],
    [
      { minutes: 150 },
      'Training a network on 12,600 images for about 3 hours: the 200 epochs of a recipe take ' +
        'about 2 hours here.',
    ],
    [
      { images: 60, asked: 'train' },
      'Training a network on 60 images, as asked for: the 200 epochs of a recipe take less than a ' +
        'minute here.',
    ],
  ])('gives its reason in a sentence, for %o', (facts, reason) => {
    expect(chooseRoad({ ...photos, ...facts }).reason).toBe(reason);
  });
});
