import { describe, expect, it } from 'vitest';
import { headNames, methodNames, presets } from '../methods/index.ts';
import { offerFor, offerOf, trainingChoices } from './trainingOffer.ts';

describe('offerFor', () => {
  it('says what the time reaches, as train does', () => {
    const offer = offerFor({ images: 60_000, preset: 'small-32', threads: 2 });
    const [first, ...later] = offer.times;
    expect(first!.minutes).toBe(5);
    expect(first!.epochs).toBeCloseTo((5 * 60 * 650) / 60_000, 9);
    expect(first!.shortage).toMatch(/^60,000 images will see 3\.3 of the \d+ epochs that/);
    expect(later.at(-1)!.epochs).toBeGreaterThan(100);
    expect(offer.sentences[0]).toMatch(
      /^The 200 epochs of a whole recipe take about 5 hours on this machine for 60,000 images\.$/,
    );
    expect(offer.suggested).toBe(30);
    expect(offer.sentences.join(' ')).not.toContain('few for training from scratch');
  });

  it('names the other ways where there are few images', () => {
    const offer = offerFor({ images: 120, preset: 'multicrop-64', threads: 2 });
    const text = offer.sentences.join(' ');
    expect(text).toContain('120 images are few for training from scratch');
    expect(text).toContain('A pretrained model groups photos better still.');
    expect(text, 'a page has no code of the library').not.toContain('`');
    expect(text).toMatch(/fewer than the .* needed/);
  });

  it('suggests the shortest time in which the epochs are enough', () => {
    const offer = offerFor({ images: 1000, preset: 'small-32', threads: 64 });
    const enough = offer.times.find(({ shortage }) => shortage === '')!;
    expect(offer.suggested).toBe(Math.min(30, enough.minutes));
    expect(enough.minutes).toBeLessThanOrEqual(15);
  });
});

describe('offerOf', () => {
  const facts = { count: 3000, medianShortSide: 32, color: 'color' as const };

  it('judges the method and the recipe that were chosen', () => {
    const own = offerOf(facts);
    expect(own).toMatchObject({ method: 'simclr', preset: 'small-32', images: 3000 });
    const chosen = offerOf(facts, { method: 'moco', preset: 'cifar-resnet18' });
    expect(chosen).toMatchObject({ method: 'moco', preset: 'cifar-resnet18' });
    // Speeds of other methods and recipes were not measured.
    expect([own.isEstimated, chosen.isEstimated]).toEqual([true, false]);
    expect(own.sentences[0]).toMatch(/take about/);
    expect(chosen.sentences.join(' ')).not.toMatch(/take about/);
  });

  it('refuses what does not exist or go together, with the name of the field in front', () => {
    expect(() => offerOf(facts, { method: 'simcrl' })).toThrow(/^method: received "simcrl"/);
    expect(() => offerOf(facts, { preset: 'small' })).toThrow(/^preset: received "small"/);
    const paper = trainingChoices().presets.find(({ method }) => method === 'swav')!;
    expect(() => offerOf(facts, { preset: paper.name, method: 'moco' })).toThrow(
      `preset: received "${paper.name}", a recipe for swav`,
    );
    expect(offerOf(facts, { preset: paper.name }).method).toBe('swav');
  });
});

describe('trainingChoices', () => {
  it('lists every method and preset with a line on it', () => {
    const { methods, heads, presets: recipes } = trainingChoices();
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    expect(names(methods)).toEqual(expect.arrayContaining([...methodNames]));
    expect(names(heads).slice(0, headNames.length)).toEqual([...headNames]);
    expect(heads.length).toBeGreaterThan(headNames.length);
    expect(names(recipes)).toEqual(Object.keys(presets));
    for (const { about } of [...methods, ...heads, ...recipes]) {
      expect(about).toMatch(/^[^\n]{10,}$/);
    }
  });
});
