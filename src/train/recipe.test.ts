import { describe, expect, it } from 'vitest';
import { fitToCount, mergeSettings, resolveSettings, settingsFor } from '../methods/index.ts';
import { recipeReach, recipeSettings } from './recipe.ts';

/** Settings of a run that starts with few images. */
function started(method: string, preset: string, images: number, changes = {}) {
  const wanted = resolveSettings(
    mergeSettings(settingsFor(preset, { method: { name: method } }), changes),
  );
  return fitToCount(wanted, { count: images, given: new Set(Object.keys({ ...changes })) })
    .settings;
}

describe('the numbers that a recipe was made for', () => {
  // Epochs of the presets and papers: docs/settings.md and src/methods/papers.cases.ts.
  it.each([
    ['swav', 'small-32', 3000, 12, 200, 4096, '512 prototypes with 8 images each'],
    ['swav', 'multicrop-64', 100_000, 60, 200, 4096, '512 prototypes with 8 images each'],
    ['simclr', 'multicrop-64', 300, 60, 100, 1024, '8 batches of 128 images'],
    ['moco', 'tiny-28', 500, 28, 200, 4096, 'a queue of 4,096 images'],
    ['pcl', 'tiny-28', 500, 28, 200, 8000, '1,000 clusters with 8 images each'],
    ['byol', 'small-32', 500, 12, 1000, 2048, '8 batches of 256 images'],
    ['swav', 'swav-imagenet', 500, 200, undefined, 24_000, '3,000 prototypes with 8 images each'],
  ])(
    '%s with %s on %i images',
    (method, preset, images, presetEpochs, paperEpochs, needed, part) => {
      expect(recipeReach(started(method, preset, images), { preset, images })).toEqual({
        ...{ method, presetEpochs, paperEpochs },
        need: { images: needed, part },
      });
    },
  );

  it('needs no more images than the settings that a person gave', () => {
    const settings = resolveSettings(
      mergeSettings(started('swav', 'small-32', 600), {
        data: { batchSize: 16 },
        method: { prototypes: 12 },
      }),
    );
    expect(recipeReach(settings, { preset: 'small-32', images: 600 })!.need).toEqual({
      images: 128,
      part: '8 batches of 16 images',
    });
  });

  it('is unknown for a preset that is not known here', () => {
    expect(recipeSettings('of-another-version', 'swav')).toBeUndefined();
    const settings = started('swav', 'small-32', 600);
    expect(recipeReach(settings, { preset: 'of-another-version', images: 600 })).toBeUndefined();
  });
});
