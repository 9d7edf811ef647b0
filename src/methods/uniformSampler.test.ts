/** The sampler against masses that follow from its formula, and its invariants. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniformOverClusters } from './uniformSampler.ts';

const count = (values: ArrayLike<number>, of: (value: number) => boolean) =>
  Array.prototype.filter.call(values, of).length;

describe('uniformOverClusters', () => {
  // Clusters {0, 2} and {1, 3, 4, 5}.
  const labels = [0, 1, 0, 1, 1, 1];

  /** Part of all epochs' images that are in cluster 0. */
  function massOfFirst(variant: 'corrected' | 'reference'): number {
    let first = 0;
    const epochs = 20_000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = uniformOverClusters(labels, { seed: 1, epoch, variant });
      first += count(order, (position) => labels[position] === 0);
    }
    return first / (epochs * labels.length);
  }

  it('gives each cluster the same part of an epoch', () => {
    expect(massOfFirst('corrected')).toBeCloseTo(0.5, 2);
  });

  it("gives the released code's parts where its slip is wanted: 3/8 instead of 1/2", () => {
    expect(massOfFirst('reference')).toBeCloseTo(0.375, 2);
  });

  it('draws a large cluster without repetition, a small one with, empty ones never, N in all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 99 }),
        (given, epoch) => {
          const order = uniformOverClusters(given, { seed: 3, epoch, variant: 'corrected' });
          expect(order.length).toBe(given.length);
          const clusters = new Set(given);
          const share = Math.floor(given.length / clusters.size) + 1;
          for (const cluster of clusters) {
            const size = count(given, (label) => label === cluster);
            const drawn = [...order].filter((position) => given[position] === cluster);
            expect(drawn.length).toBeLessThanOrEqual(share);
            // The cut at N leaves some out: the clusters' shares are more than N together.
            expect(drawn.length).toBeGreaterThanOrEqual(
              share - (share * clusters.size - given.length),
            );
            if (size > share) expect(new Set(drawn).size).toBe(drawn.length);
          }
        },
      ),
    );
  });

  it('draws floor(N / C) + 1 images of each cluster, with repetition where it has no more', () => {
    // The share is 4 of N = 7. Both clusters are drawn with repetition, so each image of a cluster
    // of n images makes up 1 / 2n of all epochs. The authors repeat also where n is the share.
    const given = [0, 0, 0, 1, 1, 1, 1];
    const epochs = 20_000;
    const masses = new Float64Array(7);
    let [repeated, fewest] = [0, 4];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = uniformOverClusters(given, { seed: 2, epoch, variant: 'corrected' });
      for (const position of order) masses[position]! += 1 / (epochs * 7);
      const large = [...order].filter((position) => given[position] === 1);
      fewest = Math.min(fewest, large.length);
      if (new Set(large).size < large.length) repeated++;
    }
    given.forEach((cluster, position) => {
      expect(Math.abs(masses[position]! - (cluster === 0 ? 1 / 6 : 1 / 8))).toBeLessThan(0.005);
    });
    // Without a repetition: 4! / 4^4 of four draws, 4 · 3 · 2 / 4^3 of the three after the cut.
    expect(Math.abs(repeated / epochs - (1 - (24 / 256 + 24 / 64) / 2))).toBeLessThan(0.015);
    expect(fewest).toBe(3); // the cut takes one of all eight
  });

  it('draws one image more than the equal part also where clusters divide the epoch', () => {
    // Of 3 + 3 images the share is 4: the cut at 6 leaves 2, 3 or 4 of each.
    const given = [0, 0, 0, 1, 1, 1];
    const counts = Array.from({ length: 200 }, (_, epoch) => {
      const order = uniformOverClusters(given, { seed: 2, epoch, variant: 'corrected' });
      return count(order, (position) => given[position] === 0);
    });
    expect(new Set(counts)).toEqual(new Set([2, 3, 4]));
  });

  it('is a function of seed and epoch', () => {
    const order = (seed: number, epoch: number) => [
      ...uniformOverClusters(labels, { seed, epoch, variant: 'corrected' }),
    ];
    expect(order(5, 2)).toEqual(order(5, 2));
    expect([order(5, 3), order(6, 2)]).not.toContainEqual(order(5, 2));
  });
});
