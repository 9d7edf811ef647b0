import { describe, expect, it } from 'vitest';
import { secondsAfter } from './joinNetwork.ts';

describe('the time after the training of a joined network', () => {
  it('grows with the time of the dictionaries and of embedding all images', () => {
    const images = { images: 5000, learned: 4000 };
    expect(secondsAfter({ dictionaries: 3, embedding: 0 }, images)).toBe(21);
    expect(secondsAfter({ dictionaries: 0, embedding: 8 }, images)).toBe(15);
    expect(secondsAfter({ dictionaries: 6, embedding: 16 }, images)).toBe(72);
  });

  // Seconds of the default road on four labeled sets, two runs at once on two cores: learning, of
  // which 5 are dictionaries, and everything after it.
  it.each([
    ['photos of clothes', { images: 713, learned: 341, learning: 7.1, after: 43 }],
    ['CIFAR-10', { images: 5000, learned: 4096, learning: 20.7, after: 66 }],
    ['Imagenette', { images: 5000, learned: 4096, learning: 26, after: 72 }],
  ])('is that of %s within a fifth', (_, { learning, after, ...images }) => {
    const seconds = secondsAfter({ dictionaries: 5, embedding: learning - 5 }, images);
    expect(seconds / after).toBeGreaterThan(0.8);
    expect(seconds / after).toBeLessThan(1.2);
  });
});
