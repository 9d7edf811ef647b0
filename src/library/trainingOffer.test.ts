import { describe, expect, it } from 'vitest';
import { offerFor } from './trainingOffer.ts';

describe('offerFor', () => {
  it('says what the time reaches, as train does', () => {
    const offer = offerFor({ images: 60_000, preset: 'small-32', threads: 2 });
    const [first, ...later] = offer.times;
    expect(first!.minutes).toBe(5);
    expect(first!.epochs).toBeCloseTo((5 * 60 * 550) / 60_000, 9);
    expect(first!.shortage).toMatch(/^60,000 images will see 2\.8 of the \d+ epochs that/);
    expect(later.at(-1)!.epochs).toBeGreaterThan(100);
    expect(offer.sentences[0]).toMatch(
      /^The 200 epochs of a whole recipe take about 6 hours on this machine for 60,000 images\.$/,
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
