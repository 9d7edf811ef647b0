/**
 * Concentrations against golden vectors (computed in numpy, checked against the authors' function)
 * and invariants.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concentrations, percentile, rawConcentrations } from './concentration.ts';

/** Squared distances within five clusters, one of one member, one empty. */
const groups = [[0.04, 0.09, 0.16], [0.01], [0.25, 0.36], [0.01, 0.01, 0.04, 0.04, 0.09], []];
const squared = groups.flat();
const labels = groups.flatMap((group, c) => group.map(() => c));

function expectAll(received: ArrayLike<number>, expected: readonly number[], digits: number) {
  expect(received.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(received[i], `element ${i}`).toBeCloseTo(value, digits);
  });
}

describe('concentrations', () => {
  it('gives the golden raw values: small clusters take the largest', () => {
    expectAll(
      rawConcentrations(squared, labels, 5),
      [0.116961, 0.221336, 0.221336, 0.066468, 0.221336],
      6,
    );
  });

  it('gives clusters of one member the largest of the others, however far that member is', () => {
    // By equation 12: 2 / (2 ln 12) and 6 / (2 ln 12); the third cluster's only member is at 10.
    const phi = [1, 3, 3].map((distance) => distance / Math.log(12));
    expectAll(rawConcentrations([1, 1, 9, 9, 100], [0, 0, 1, 1, 2], 3), phi, 12);
  });

  it('clips at the golden percentiles of the raw values', () => {
    const ascending = rawConcentrations(squared, labels, 5).toSorted();
    expectAll([percentile(ascending, 10), percentile(ascending, 90)], [0.0866656, 0.2213363], 7);
  });

  it('interpolates percentiles as NumPy does', () => {
    // numpy.percentile([1, 2, 4, 8, 16], [0, 10, 25, 40, 90, 100])
    const values = Float64Array.of(1, 2, 4, 8, 16);
    const found = [0, 10, 25, 40, 90, 100].map((p) => percentile(values, p));
    expectAll(found, [1, 1.4, 2, 3.2, 12.8, 16], 12);
  });

  it('gives the golden values, clipped to percentiles, with mean tau', () => {
    expectAll(
      concentrations(squared, labels, 5, { temperature: 0.2 }),
      [0.134805, 0.255103, 0.255103, 0.099887, 0.255103],
      6,
    );
  });

  it('is the example of its documentation', () => {
    expectAll(
      concentrations([1, 1, 4, 4], [0, 0, 1, 1], 2, { temperature: 0.2 }),
      [0.1466667, 0.2533333],
      6,
    );
  });

  it('has mean tau, is positive, and does not change with the scale of the space', () => {
    const member = fc.tuple(
      fc.double({ min: 0.001, max: 4, noNaN: true }),
      fc.integer({ min: 0, max: 6 }),
    );
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 10, maxLength: 60 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (members, temperature) => {
          const [d, c] = [members.map(([x]) => x), members.map(([, y]) => y)];
          const phi = concentrations(d, c, 7, { temperature });
          expect(phi.reduce((a, b) => a + b, 0) / 7).toBeCloseTo(temperature, 5);
          for (const value of phi) expect(value).toBeGreaterThan(0);
          expectAll(
            concentrations(
              d.map((x) => x * 9),
              c,
              7,
              { temperature },
            ),
            [...phi],
            5,
          );
        },
      ),
    );
  });

  it('lets a larger alpha tell small clusters less apart from large ones', () => {
    const spread = (smoothing: number) => {
      const raw = rawConcentrations([1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], 2, smoothing);
      return raw[0]! / raw[1]!;
    };
    expect(spread(0)).toBeCloseTo(2, 6); // ln 4 / ln 2
    expect(spread(1000)).toBeLessThan(1.001);
  });

  it('is tau everywhere where every row is its own centroid', () => {
    expectAll(concentrations([0, 0, 0], [0, 1, 2], 3, { temperature: 0.1 }), [0.1, 0.1, 0.1], 7);
  });

  it('refuses distances that are not one per row', () => {
    expect(() => concentrations([1, 2], [0], 1, { temperature: 0.1 })).toThrow(
      'concentrations: received 2 distances and 1 assignments; expected one of each per row',
    );
  });
});
