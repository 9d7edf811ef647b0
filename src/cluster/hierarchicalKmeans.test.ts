/** The tree of clusters: what makes it a tree, and what it groups at each level. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { featuresOf, normalizeRows } from './features.ts';
import { hierarchicalKmeans, requireTree } from './hierarchicalKmeans.ts';
import { kmeans } from './kmeans/kmeans.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** Rows on the circle in two halves of three groups each: what a tree of 6 and 2 should find. */
const N = 240;
const random = randomAt(1, 'synthetic');
const angle = (i: number) => (i % 6) * 0.25 + (i % 6 >= 3 ? 2.4 : 0) + random.normal(0, 0.02);
const angles = Float64Array.from({ length: N }, (_, i) => angle(i));
const rows = featuresOf(
  Float32Array.from({ length: N * 2 }, (_, j) => {
    const a = angles[j >> 1]!;
    return j % 2 === 0 ? Math.cos(a) : Math.sin(a);
  }),
  2,
);

describe('hierarchicalKmeans', () => {
  it('finds groups within groups', async () => {
    const [fine, coarse] = await hierarchicalKmeans(rows, [6, 2], { engine, restarts: 5 });
    for (let i = 0; i < N; i++) {
      expect(fine!.labels[i]).toBe(fine!.labels[i % 6]);
      expect(coarse!.labels[i]).toBe(coarse!.labels[i % 6 < 3 ? 0 : 3]);
    }
    expect(coarse!.labels[0]).not.toBe(coarse!.labels[3]);
  });

  it('is a tree: a row goes where its cluster goes, at every level', async () => {
    const tree = await hierarchicalKmeans(rows, [40, 15, 4], { engine, seed: 3, start: 'random' });
    expect(tree.map(({ clusters }) => clusters)).toEqual([40, 15, 4]);
    for (let l = 1; l < tree.length; l++) {
      const [below, level] = [tree[l - 1]!, tree[l]!];
      expect(level.assignments.length).toBe(below.clusters);
      for (let i = 0; i < N; i++) expect(level.labels[i]).toBe(level.assignments[below.labels[i]!]);
    }
  });

  it('groups the prototypes of the level below, which have length 1', async () => {
    const tree = await hierarchicalKmeans(rows, [12, 3], { engine, seed: 5 });
    const [fine, coarse] = tree as [(typeof tree)[0], (typeof tree)[0]];
    for (const { prototypes } of tree) {
      for (let k = 0; k < prototypes.count; k++) {
        expect(Math.hypot(prototypes.data[2 * k]!, prototypes.data[2 * k + 1]!)).toBeCloseTo(1, 5);
      }
    }
    const again = await kmeans(fine.prototypes, 3, { engine, seed: 6 });
    expect([...again.assignments]).toEqual([...coarse.assignments]);
    // Distances are to centroids as the mean left them, not to the prototypes.
    for (let c = 0; c < 12; c++) {
      const parent = coarse.assignments[c]!;
      const d = [0, 1].map(
        (x) => fine.prototypes.data[2 * c + x]! - again.centroids[2 * parent + x]!,
      );
      expect(coarse.squaredDistances[c]).toBeCloseTo(d[0]! ** 2 + d[1]! ** 2, 6);
    }
    const first = await kmeans(rows, 12, { engine, seed: 5 });
    expect([...normalizeRows(featuresOf(first.centroids, 2)).data]).toEqual([
      ...fine.prototypes.data,
    ]);
  });

  it('gives the same tree for the same seed', async () => {
    const build = () => hierarchicalKmeans(rows, [10, 4], { engine, seed: 9, start: 'random' });
    expect(await build()).toEqual(await build());
  });

  it('refuses levels that grow, none at all, and more clusters than rows', () => {
    expect(() => requireTree([3, 5], 100)).toThrow(
      'clusters: received "3,5", 5 clusters at level 1 for 3 clusters at level 0; expected whole numbers, ' +
        'finest level first, none above the one before or the number of rows. Lower them.',
    );
    expect(() => requireTree([101], 100)).toThrow('101 clusters at level 0 for 100 rows');
    expect(() => requireTree([], 100)).toThrow('no level');
    expect(() => requireTree([2.5], 100)).toThrow('2.5 clusters');
  });
});
