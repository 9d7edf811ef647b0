import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HierarchyNode } from '../../../src/server/protocol.ts';
import { boxByKey, icicle, mixed, numbersOf, pathTo, picturesIn } from './icicle.ts';

const node = (level: number, parent: number, size: number): HierarchyNode => ({
  ...{ level, parent, size, prototype: 0, typical: [] },
});
/** Two roots; the first has a large child and three small ones. */
const nodes = [
  ...[node(0, -1, 80), node(0, -1, 20)],
  ...[node(1, 0, 74), node(1, 0, 2), node(1, 0, 2), node(1, 0, 2), node(1, 1, 20)],
];
const size = { width: 202, height: 198 };

describe('icicle', () => {
  it('gives each node the share of its images, and small siblings one place', () => {
    const boxes = icicle(nodes, { ...size, focus: null });
    const found = boxes.map(({ node: at, nodes: many, column, top, height }) => [
      ...[at, many, column, Math.round(top), Math.round(height)],
    ]);
    expect(found).toEqual([
      [0, 1, 0, 0, 158],
      [2, 1, 1, 0, 146],
      [3, 3, 1, 148, 10],
      [1, 1, 0, 160, 38],
      [6, 1, 1, 160, 38],
    ]);
    expect(boxes[2]!.size).toBe(6);
  });

  it('fills the height with the node in focus', () => {
    const boxes = icicle(nodes, { ...size, focus: 1 });
    expect(boxes.map(({ node: at, column, height }) => [at, column, height])).toEqual([
      [1, 0, 198],
      [6, 1, 198],
    ]);
    const leaf = icicle(nodes, { ...size, focus: 6 });
    expect(leaf).toMatchObject([{ node: 6, column: 0, width: 202 }]);
  });

  it('never overlaps, stays inside, and shows every image of a column once', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 60, max: 900 }), (all, height) => {
        const roots = all.toSorted((a, b) => b - a).map((one) => node(0, -1, one));
        const boxes = icicle(roots, { width: 100, height, focus: null });
        expect(boxes.reduce((sum, box) => sum + box.size, 0)).toBe(
          all.reduce((sum, one) => sum + one, 0),
        );
        let end = 0;
        for (const box of boxes) {
          expect(box.top).toBeGreaterThanOrEqual(end - 1e-6);
          end = box.top + box.height;
        }
        expect(end).toBeLessThanOrEqual(height + 3);
      }),
    );
  });
});

describe('numbersOf', () => {
  it('counts siblings from 1, and tells the way from the root', () => {
    const parents = [-1, -1, 0, 1, 1, 4, 4];
    const tree = parents.map((parent) => ({ ...nodes[0]!, parent }));
    expect(numbersOf(tree)).toEqual(['1', '2', '1.1', '2.1', '2.2', '2.2.1', '2.2.2']);
  });
});

describe('mixed', () => {
  it('takes the first of each list before the second of any', () => {
    expect(mixed([[1, 2, 3], [4], [5, 6]], 5)).toEqual([1, 4, 5, 2, 6]);
    expect(mixed([], 5)).toEqual([]);
  });
});

describe('picturesIn', () => {
  it('fills a box with few large or many small pictures, beside the label of a low box', () => {
    expect(picturesIn(400, 540, 12)).toEqual({ side: 127, count: 12, beside: false });
    expect(picturesIn(414, 92, 12)).toEqual({ side: 65, count: 6, beside: false });
    expect(picturesIn(120, 64, 12)).toEqual({ side: 40, count: 2, beside: false });
    expect(picturesIn(400, 40, 12)).toEqual({ side: 36, count: 6, beside: true });
    expect(picturesIn(400, 17, 12).count).toBe(0);
    expect(picturesIn(100, 30, 12).count).toBe(0);
  });

  it('never needs more room than there is', () => {
    const side = fc.integer({ min: 1, max: 900 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const { side: own, count, beside } = picturesIn(width, height, 12);
        if (count === 0) return;
        const room = beside ? width - 12 - 132 : width - 12;
        const across = Math.floor((room + 2) / (own + 2));
        expect(across).toBeGreaterThan(0);
        const rows = Math.ceil(count / across);
        expect(rows * (own + 2) - 2 + (beside ? 0 : 24)).toBeLessThanOrEqual(height);
        if (beside) expect(rows).toBe(1);
      }),
    );
  });
});

describe('keys', () => {
  const boxes = icicle(nodes, { ...size, focus: null });
  it('lead to children, parents and neighbors', () => {
    const from = (at: number, key: Parameters<typeof boxByKey>[3]) =>
      boxByKey(boxes, nodes, at, key);
    expect([from(0, 'ArrowRight'), from(1, 'ArrowLeft'), from(0, 'ArrowDown')]).toEqual([1, 0, 3]);
    expect([from(1, 'ArrowDown'), from(2, 'ArrowLeft'), from(4, 'ArrowUp')]).toEqual([2, 0, 2]);
    expect([from(0, 'ArrowUp'), from(4, 'ArrowRight'), from(4, 'Home')]).toEqual([0, 4, 1]);
  });
  it('know the way from the root', () => {
    expect(pathTo(nodes, 6)).toEqual([1, 6]);
    expect(pathTo(nodes, null)).toEqual([]);
  });
});
