import { describe, expect, it } from 'vitest';
import { chooseRoad, FEWEST_BESIDE, FEWEST_IMAGES, RECIPE_EPOCHS, type RoadFacts } from './road.ts';

const photos: RoadFacts = { images: 12_600, preset: 'multicrop-64', threads: 2 };
/** 12,600 · 200 / 500 / 60 */
const MINUTES = 84;
/** (20 + 0.012 · 12,600 + 50,000 / 500) / 60 = 4.5, rounded up to halves. */
const BESIDE = 5;

describe('the road of start', () => {
  it.each<[string, Partial<RoadFacts>, string]>([
    ['no time given', {}, 'patches'],
    ['too little time for a whole recipe', { minutes: MINUTES - 0.1 }, 'joined'],
    ['time enough for a network beside patches', { minutes: BESIDE }, 'joined'],
    ['too little time for a network', { minutes: BESIDE - 0.1 }, 'patches'],
    ['too few images for a network', { images: FEWEST_BESIDE - 1, minutes: 1e6 }, 'patches'],
    ['the fewest images for a network', { images: FEWEST_BESIDE, minutes: 1e6 }, 'joined'],
    ['a joint asked for', { images: 2, asked: 'joined' }, 'joined'],
    ['time enough', { minutes: MINUTES + 0.1 }, 'train'],
    ['the same time on four threads', { minutes: MINUTES / 2 + 0.1, threads: 4 }, 'train'],
    ['the same time for twice the images', { images: 25_200, minutes: MINUTES + 0.1 }, 'joined'],
    ['time enough for too few images', { images: FEWEST_IMAGES - 1, minutes: 1e6 }, 'joined'],
    ['as many images as are needed', { images: FEWEST_IMAGES, minutes: 1e6 }, 'train'],
    ['smaller images', { preset: 'small-32', minutes: 65 }, 'train'],
    ['fewer of them to learn from', { learned: 6300, minutes: MINUTES }, 'joined'],
    ['few of them to learn from', { learned: FEWEST_BESIDE - 1, minutes: 1e6 }, 'patches'],
    [
      'an unknown preset, at the slowest speed',
      { preset: 'own', minutes: MINUTES - 0.1 },
      'joined',
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
      // 20 + 0.012 · 3,068 + 50,000 / 500 = 157 seconds
      'Patch features of 3,068 images: with 3 minutes or more a network is trained ' +
        'beside them. A pretrained model often groups images better still.',
    ],
    [
      { images: 100_000, minutes: 4 },
      // 20 + 0.012 · 100,000 + 50,000 / 500 = 1,320 seconds
      'Patch features of 100,000 images: with 22 minutes or more a network is trained ' +
        'beside them. A pretrained model often groups images better still.',
    ],
    [
      { images: 5000, preset: 'small-32', minutes: 4 },
      // (240 - 20 - 0.012 · 5,000) · 650 / 5,000 = 20.8
      'Patch features of 5,000 images and a network beside them: 4 minutes leave time for about ' +
        '21 epochs. A pretrained model often groups images better still.',
    ],
    [
      { images: 60, minutes: 4 },
      'Patch features of 60 images: a network beside them would need 300 images or more. A ' +
        'pretrained model often groups images better still.',
    ],
    [
      { images: 5000, preset: 'small-32', asked: 'joined' },
      // (180 - 20 - 0.012 · 5,000) · 650 / 5,000 = 13
      'Patch features of 5,000 images and a network beside them, as asked for: 3 minutes leave ' +
        'time for about 13 epochs.',
    ],
    [
      { images: 713, learned: 341, minutes: 4 },
      // (240 - 20 - 0.012 · 713) · 500 / 341 = 310
      'Patch features of 713 images and a network beside them: 4 minutes leave time for about ' +
        '310 epochs. A pretrained model often groups images better still.',
    ],
    [{ images: 1, asked: 'patches' }, 'Patch features of 1 image, as asked for.'],
    [
      { minutes: 150 },
      'Training a network on 12,600 images for about 3 hours: the 200 epochs of a recipe take ' +
        'about 84 minutes here.',
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
