import { describe, expect, it } from 'vitest';
import { type ReachFacts, reachOf } from './reach.ts';

const need = { images: 4096, part: '512 prototypes with 8 images each' };
const recipe = { method: 'swav', presetEpochs: 60, paperEpochs: 400, need };
const small = { ...recipe, presetEpochs: 12 };

describe('reach of a training', () => {
  it.each<[ReachFacts, string, string]>([
    [{ images: 9000, epochs: 400, recipe }, 'enough', ''],
    [
      { images: 50_000, epochs: 12, recipe: small },
      'less',
      '50,000 images saw 12 of the 400 epochs that the paper trains swav for',
    ],
    [
      { images: 3068, epochs: 4, recipe },
      'too few',
      '3,068 images saw 4 of the 60 epochs that this recipe was made for',
    ],
    [
      { images: 3068, epochs: 29.9, recipe },
      'too few',
      '3,068 images saw 29 of the 60 epochs that this recipe was made for',
    ],
    [
      { images: 3068, epochs: 30, recipe },
      'less',
      '3,068 images saw 30 of the 60 epochs that this recipe was made for',
    ],
    [
      {
        images: 50_000,
        epochs: 12,
        recipe: { ...small, presetEpochs: 400, paperEpochs: undefined },
      },
      'too few',
      '50,000 images saw 12 of the 400 epochs that this recipe was made for',
    ],
    // Each image three times is never enough, not for a recipe that asks for no more either.
    [
      { images: 5000, epochs: 3, recipe: { ...recipe, presetEpochs: 3, paperEpochs: undefined } },
      'too few',
      '5,000 images saw 3 epochs, fewer than 10',
    ],
    [{ images: 5000, epochs: 1 }, 'too few', '5,000 images saw 1 epoch, fewer than 10'],
    [{ images: 5000, epochs: 0.25 }, 'too few', '5,000 images saw 0.3 epochs, fewer than 10'],
    [{ images: 5000, epochs: 10 }, 'enough', ''],
  ])('epochs of %j: %s', (facts, grade, sentence) => {
    expect(reachOf(facts).epochs).toEqual({ grade, sentence });
  });

  it.each<[Partial<ReachFacts>, string, string]>([
    [{ images: 4096, recipe }, 'enough', ''],
    [
      { images: 4095, recipe },
      'less',
      '4,095 images are fewer than the 4,096 needed for 512 prototypes with 8 images each',
    ],
    [
      { images: 2047, recipe },
      'too few',
      '2,047 images are fewer than the 4,096 needed for 512 prototypes with 8 images each',
    ],
    [
      { images: 2, recipe: { ...recipe, need: { images: 8, part: '8 batches of 1 image' } } },
      'too few',
      '2 images are fewer than the 8 needed for 8 batches of 1 image',
    ],
    [
      { images: 100, recipe: { ...recipe, need: { images: 64, part: '8 batches of 8 images' } } },
      'too few',
      '100 images are fewer than the 200 needed to learn from scratch',
    ],
    [{ images: 199 }, 'too few', '199 images are fewer than the 200 needed to learn from scratch'],
    [{ images: 200 }, 'enough', ''],
    [
      { images: 5000, distinct: 3, recipe },
      'too few',
      '3 different images among 5,000 are fewer than the 4,096 needed for 512 prototypes with ' +
        '8 images each',
    ],
    [
      { images: 5000, distinct: 1 },
      'too few',
      '1 different image among 5,000 is fewer than the 200 needed to learn from scratch',
    ],
  ])('images of %j: %s', (facts, grade, sentence) => {
    expect(reachOf({ images: 0, epochs: 400, ...facts }).images).toEqual({ grade, sentence });
  });

  it('speaks of the future before a training', () => {
    expect(reachOf({ images: 3068, epochs: 4.2, recipe }, 'planned').epochs.sentence).toBe(
      '3,068 images will see 4.2 of the 60 epochs that this recipe was made for',
    );
  });
});
