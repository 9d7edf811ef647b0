import { describe, expect, it } from 'vitest';
import { contingency, denseTable } from './contingency.ts';

describe('contingency', () => {
  it('counts the cells, and the samples without a label', () => {
    const table = contingency(Int32Array.of(4, 4, 2, 2, -1), Int32Array.of(9, 9, 9, 1, 1));
    expect(table).toMatchObject({ total: 4, unlabeled: 1 });
    expect([...table.classes]).toEqual([2, 4]);
    expect([...table.clusters]).toEqual([1, 9]);
    expect([...table.rows]).toEqual([0, 0, 1]);
    expect([...table.columns]).toEqual([0, 1, 1]);
    expect([...table.counts]).toEqual([1, 1, 2]);
    expect([...table.clusterSizes]).toEqual([1, 3]);
  });

  it('orders numbers by value and strings by code unit', () => {
    const table = contingency([10, 9, 100], ['b', 'a', 'B']);
    expect(table.classes).toEqual([9, 10, 100]);
    expect(table.clusters).toEqual(['B', 'a', 'b']);
    expect(denseTable(table).map((row) => [...row])).toEqual([
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
  });

  it('refuses a dense table that does not fit', () => {
    const each = Int32Array.from({ length: 5001 }, (_, i) => i);
    expect(() => denseTable(contingency(each, each))).toThrow('5001 classes and 5001 clusters');
  });
});
