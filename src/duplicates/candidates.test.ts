import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { silent } from '../core/reporter.ts';
import { type Candidate, findCandidates } from './candidates.ts';
import { COARSE, describeImage, emptyDescriptors, parityClasses } from './describe.ts';
import { draw, sceneOf } from './pictures.cases.ts';

/** Unit rows around a few centers: some are near each other, or mirror images of each other. */
function rowsOf(count: number, seed: number): Float32Array {
  const rows = new Float32Array(count * COARSE);
  for (let i = 0; i < count; i++) {
    const random = randomAt(seed, 'synthetic', i);
    const center = randomAt(seed, 'synthetic', 1000 + (i % 40));
    const row = Array.from({ length: COARSE }, () => center.normal() + random.normal(0, 0.4));
    const norm = Math.hypot(...row);
    const signs = signsOf(i % 3 === 0 ? random.integer(4) : 0);
    for (const [p, { begin, end }] of parityClasses.entries()) {
      for (let d = begin; d < end; d++) rows[i * COARSE + d] = (signs[p]! * row[d]!) / norm;
    }
  }
  return rows;
}

/** Signs of the four classes of coefficients in an orientation. */
function signsOf(orientation: number): number[] {
  const x = orientation & 1 ? -1 : 1;
  const y = orientation & 2 ? -1 : 1;
  return [1, x, y, x * y];
}

/** Compares all pairs in all orientations. */
function allPairs(rows: Float32Array, within: number): Omit<Candidate, 'distance'>[] {
  const found: Omit<Candidate, 'distance'>[] = [];
  const count = rows.length / COARSE;
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const distances = [0, 1, 2, 3].map((orientation) => {
        const signs = signsOf(orientation);
        let sum = 0;
        for (const [i, { begin, end }] of parityClasses.entries()) {
          for (let d = begin; d < end; d++)
            sum += (rows[a * COARSE + d]! - signs[i]! * rows[b * COARSE + d]!) ** 2;
        }
        return sum;
      });
      const distance = Math.min(...distances);
      const orientation = distances.indexOf(distance) as Candidate['orientation'];
      if (distance <= within) found.push({ a, b, orientation });
    }
  }
  return found;
}

describe('findCandidates', () => {
  it.each([0.2, 0.3, 0.6])('finds the pairs of a search over all, within %d', async (within) => {
    const rows = rowsOf(400, 5);
    const found = await findCandidates(rows, { within, most: 1000 }, silent);
    const expected = allPairs(rows, within);
    expect(expected.length).toBeGreaterThan(20);
    expect(found.map(({ distance: _, ...pair }) => pair)).toEqual(expected);
  });

  it('keeps the nearest candidates of an image', async () => {
    const rows = rowsOf(400, 5);
    const [all, few] = [
      await findCandidates(rows, { within: 0.6, most: 1000 }, silent),
      await findCandidates(rows, { within: 0.6, most: 2 }, silent),
    ];
    expect(few.length).toBeLessThan(all.length);
    for (const image of [0, 17, 399]) {
      const of = (pairs: Candidate[]) =>
        pairs
          .filter(({ a, b }) => a === image || b === image)
          .map(({ distance }) => distance)
          .sort((p, q) => p - q);
      expect(of(few).slice(0, 2)).toEqual(of(all).slice(0, 2));
    }
  });
});

describe('describeImage', () => {
  it.each([1, 2, 3])('changes signs alone where an image is mirrored (%d)', (orientation) => {
    const scene = sceneOf(3);
    const made = emptyDescriptors(2);
    describeImage(draw(scene), made, 0);
    const turned = draw((x, y) => scene(orientation & 1 ? 1 - x : x, orientation & 2 ? 1 - y : y));
    describeImage(turned, made, 1);
    const signs = signsOf(orientation);
    for (const [i, { begin, end }] of parityClasses.entries()) {
      for (let d = begin; d < end; d++) {
        // Values of the small picture are rounded.
        expect(made.coarse[COARSE + d]! * signs[i]!).toBeCloseTo(made.coarse[d]!, 2);
      }
    }
  });
});
