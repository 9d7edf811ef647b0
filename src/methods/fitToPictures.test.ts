import { describe, expect, it } from 'vitest';
import { fitToPictures, MIRROR_LIMIT } from './fitToPictures.ts';
import { settingsFor } from './presets.ts';

const settings = settingsFor('small-32', {});
const none = new Set<string>();
const photos = { images: 2000, colored: 1980, mirrorRatio: 1.004 };
const digits = { images: 2000, colored: 0, mirrorRatio: 1.467 };

describe('fitToPictures', () => {
  it('keeps the views of photos, and says why they are mirrored', () => {
    const fitted = fitToPictures(settings, photos, none);
    expect(fitted.settings).toEqual(settings);
    expect(fitted.notes).toEqual([
      'flipProbability 0.5: mirrored images lie 1.00 times as far from the other images as the ' +
        'images themselves (2,000 compared, limit 1.03)',
    ]);
  });

  it('neither mirrors digits nor changes colors of gray images', () => {
    const fitted = fitToPictures(settings, digits, none);
    const views = { flipProbability: 0, saturation: 0, hue: 0, grayscaleProbability: 0 };
    expect(fitted.settings).toEqual({ ...settings, views: { ...settings.views, ...views } });
    expect(fitted.notes).toEqual([
      'flipProbability 0 instead of 0.5: mirrored images lie 1.47 times as far from the other ' +
        'images as the images themselves (2,000 compared, limit 1.03)',
      'saturation 0, hue 0, grayscaleProbability 0: the images are gray',
    ]);
  });

  it('does not color gray images by channel shifts', () => {
    const shifted = settingsFor('small-32', { views: { channelShift: 0.1 } });
    expect(fitToPictures(shifted, digits, none).settings.views.channelShift).toBe(0);
    expect(fitToPictures(shifted, photos, none).settings.views.channelShift).toBe(0.1);
  });

  it('keeps what a person gave', () => {
    const given = new Set(['flipProbability', 'hue']);
    const { views } = fitToPictures(settings, digits, given).settings;
    expect(views).toMatchObject({
      flipProbability: 0.5,
      hue: 0.1,
      saturation: 0,
      grayscaleProbability: 0,
    });
  });

  it('decides at the limit, and on a hundred images or more', () => {
    const flips = (mirrorRatio: number | null, images = 2000) =>
      fitToPictures(settings, { ...photos, images, mirrorRatio }, none).settings.views
        .flipProbability;
    expect(flips(MIRROR_LIMIT)).toBe(0);
    expect(flips(MIRROR_LIMIT - 1e-6)).toBe(0.5);
    expect(flips(1.5, 99)).toBe(0.5);
    expect(flips(1.5, 100)).toBe(0);
    expect(flips(null)).toBe(0.5);
  });

  it('says nothing of what is not done anyway', () => {
    const still = settingsFor('tiny-28', { views: { flipProbability: 0 } });
    expect(fitToPictures(still, digits, none)).toEqual({ settings: still, notes: [] });
  });
});
