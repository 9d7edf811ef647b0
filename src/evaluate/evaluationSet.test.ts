import { describe, expect, it } from 'vitest';
import type { PixelCache } from '../data/index.ts';
import { evaluationSet } from './evaluationSet.ts';

type Entry = { label?: number; split?: 'train' | 'test'; file?: string };
const cacheOf = (entries: Entry[], contents = entries.map((_, i) => i)) => ({
  entries: entries as unknown as PixelCache['entries'],
  contents: BigUint64Array.from(contents, BigInt),
});
const times = (n: number, entry: (i: number) => Entry) =>
  Array.from({ length: n }, (_, i) => entry(i));

describe('evaluationSet', () => {
  it('takes the labeled images of a source, with label and part of each', () => {
    const entries: Entry[] = [
      { label: 4, split: 'train' },
      { split: 'train' },
      { label: 2, split: 'test' },
      { label: 4, split: 'test' },
    ];
    const set = evaluationSet(cacheOf(entries), { seed: 0 });
    expect(Object.values(set)).toContain('yes');
    expect(set).toMatchObject({
      indices: Uint32Array.of(0, 2, 3),
      labels: Int32Array.of(4, 2, 4),
      split: ['train', 'test', 'test'],
      classes: 2,
      note: undefined,
    });
  });

  it('leaves out test images whose pixels equal those of a training image, and says so', () => {
    const entries: Entry[] = [
      { label: 0, split: 'train' },
      { label: 1, split: 'train' },
      { label: 0, split: 'test' },
      { label: 1, split: 'test' },
      { label: 1, split: 'test' },
    ];
    const set = evaluationSet(cacheOf(entries, [7, 8, 9, 8, 9]), { seed: 0 });
    expect([...set.indices]).toEqual([0, 1, 2, 4]);
    expect([...set.contents]).toEqual([7n, 8n, 9n, 9n]);
    expect(set.note).toBe('without 1 test image equal to training images');
  });

  it('numbers files of several pages, and no others', () => {
    const entries = ['a.tif', 'a.tif', undefined, 'b.tif', 'a.tif'].map((file) => ({ file }));
    expect(evaluationSet(cacheOf(entries), { seed: 0 }).files).toEqual(
      Int32Array.of(0, 0, 2, 3, 0),
    );
    expect(evaluationSet(cacheOf(times(3, () => ({}))), { seed: 0 })).not.toHaveProperty('files');
  });

  it('takes all images where none has a label', () => {
    const set = evaluationSet(cacheOf(times(5, () => ({}))), { seed: 0 });
    expect([...set.indices]).toEqual([0, 1, 2, 3, 4]);
    expect([...set.labels]).toEqual([-1, -1, -1, -1, -1]);
    expect(Object.values(set)).toContain('no');
    expect(set.classes).toBe(0);
  });

  it('draws from each part on its own where the source has a split, by the seed', () => {
    const cache = cacheOf(times(100, (i) => ({ label: i % 5, split: i < 60 ? 'train' : 'test' })));
    const of = (seed: number) => evaluationSet(cache, { seed, train: 20, test: 7 });
    const { indices, labels, split, note } = of(1);
    expect([...indices]).toEqual([...new Set(indices)].sort((a, b) => a - b));
    expect([...indices].filter((index) => index < 60)).toHaveLength(20);
    expect([...indices].filter((index) => index >= 60)).toHaveLength(7);
    indices.forEach((index, row) => {
      expect([labels[row], split[row]]).toEqual([index % 5, index < 60 ? 'train' : 'test']);
    });
    expect(note).toMatch(/^a draw of 27 of 100 images, by seed 1 \(at most 20 .* and 7 .*\)$/);
    expect(of(1).indices).toEqual(indices);
    expect(of(2).indices).not.toEqual(indices);
  });

  it('draws from all images together where there is no test part, or no split', () => {
    for (const split of ['train', undefined] as const) {
      const cache = cacheOf(times(100, () => ({ label: 0, ...(split && { split }) })));
      const { indices, note } = evaluationSet(cache, { seed: 1, train: 20, test: 7 });
      expect(indices).toHaveLength(27);
      expect(note).toBe('a draw of 27 of 100 images, by seed 1');
      expect(evaluationSet(cache, { seed: 1, train: 90, test: 10 }).note).toBeUndefined();
    }
  });
});
