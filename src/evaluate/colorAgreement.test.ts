/** Figures by hand, verdicts by figures, and properties of every set of clusterings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ColorFigures, colorAgreement, colorFigures } from './colorAgreement.ts';

const ints = (...values: number[]) => Int32Array.from(values);

describe('the figures', () => {
  it('are the AMI of the clusterings that they name', () => {
    const same = ints(7, 7, 3, 3);
    const across = ints(0, 1, 0, 1);
    // AMI is 1 for equal clusters under other names and -0.5 for two crossed pairs (scikit-learn).
    const figures = colorFigures({
      ...{ clusters: ints(0, 0, 1, 1), again: [across, ints(5, 2, 5, 2)] },
      ...{ colorHistogram: same, rawPixels: across },
      // Of four neighbors, one is in another cluster. By chance one of three others shares it.
      neighbors: { k: 1, indices: [1, 0, 3, 0] },
    });
    expect(figures).toMatchObject({ images: 4, k: 2, colorHistogram: 1, ceiling: 1 });
    expect(figures.neighbors).toEqual({
      consistency: 0.75,
      chance: expect.closeTo(1 / 3, 12),
      k: 1,
    });
    expect(figures.rawPixels).toBeCloseTo(-0.5, 12);
    expect(figures.between).toBeCloseTo(-0.5, 12);
  });

  it('have a chance that shrinks with the images', () => {
    const chanceOf = (n: number) => {
      const clusters = Int32Array.from({ length: n }, (_, i) => i % 4);
      const again = [clusters, clusters] as const;
      const same = { clusters, again, colorHistogram: clusters, rawPixels: clusters };
      return colorFigures({ ...same, neighbors: { k: 0, indices: [] } }).chance;
    };
    const [few, some, many] = [8, 80, 2000].map(chanceOf);
    expect(few).toBeGreaterThan(0.15);
    expect(some).toBeLessThan(few!);
    expect(many).toBeLessThan(0.01);
  });

  it('depend neither on names of clusters nor on the order of the images', () => {
    const rows = fc.array(fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }), {
      minLength: 4,
      maxLength: 30,
    });
    fc.assert(
      fc.property(rows, (table) => {
        const of = (lines: number[][], name: (cluster: number) => number) => {
          const column = (at: number) => Int32Array.from(lines, (line) => name(line[at]!));
          // Nearest in color: the image at the other end, in both orders.
          const indices = lines.map((_, row) => lines.length - 1 - row);
          const {
            chance: _,
            neighbors,
            ...figures
          } = colorFigures({
            ...{ clusters: column(0), again: [column(1), column(2)] },
            ...{ colorHistogram: column(3), rawPixels: column(4), neighbors: { k: 1, indices } },
          });
          return [...Object.values(figures), neighbors.consistency, neighbors.chance];
        };
        const given = of(table, (cluster) => cluster);
        for (const [i, value] of of(table.toReversed(), (cluster) => 9 - cluster).entries()) {
          expect(value).toBeCloseTo(given[i]!, 9);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuse clusterings of other images', () => {
    const [two, three] = [ints(0, 1), ints(0, 1, 1)];
    const neighbors = { k: 1, indices: [1, 0] };
    const clusterings = {
      clusters: two,
      again: [two, two] as const,
      colorHistogram: two,
      neighbors,
    };
    expect(() => colorFigures({ ...clusterings, rawPixels: three })).toThrow(
      'received clusterings of 2, 2, 2, 2, 3 images; expected as many',
    );
  });
});

/** Figures with a fraction of neighbors in color above a chance of a tenth. */
function figuresWith(near: number, changes: Partial<ColorFigures> = {}): ColorFigures {
  return {
    ...{ images: 2000, k: 10, colorHistogram: 0.3, rawPixels: 0.1234, chance: 0.01 },
    ...{
      ceiling: 0.5,
      between: 0.2,
      neighbors: { consistency: 0.1 + 0.9 * near, chance: 0.1, k: 10 },
    },
    ...changes,
  };
}

const NOT_ENOUGH = 'are not enough to tell whether the groups follow color.';

describe('the verdict', () => {
  it.each([
    [0.9, 'mostly'],
    [0.34, 'mostly'],
    [0.33, 'partly'],
    [0.23, 'partly'],
    [0.21, 'not'],
    [0.14, 'not'],
    [-0.05, 'not'],
  ])('on %s of the neighbors above chance is %s', (near, verdict) => {
    const found = colorAgreement(figuresWith(near));
    expect(found).toMatchObject({ verdict, colorHistogram: 0.3, k: 10 });
    expect(found.text).toContain(`These groups are ${verdict} groups of color. `);
  });

  it('is left open where chance could agree as well, and for a single group', () => {
    const few = colorAgreement(figuresWith(0.9, { images: 9, chance: 0.4 }));
    expect(few).toMatchObject({ verdict: 'unknown', images: 9 });
    expect(few.text).toBe(`9 images in 10 groups ${NOT_ENOUGH}`);
    const one = colorAgreement(figuresWith(0.9, { k: 1 }));
    expect(one.text).toBe(`2,000 images in 1 group ${NOT_ENOUGH}`);
  });

  it('comes with the figures, and never with a negative zero', () => {
    const { text } = colorAgreement(figuresWith(0.4, { colorHistogram: -0.002 }));
    expect(text).toContain('nearest in color, 46 % share a group, where chance gives 10 %.');
    expect(text).toContain('color histogram is 0.00, with groups by raw pixels 0.12');
    expect(text).toContain('reach 0.50');
  });
});
