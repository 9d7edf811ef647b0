import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout.ts';

describe('layoutOf', () => {
  it('gives a flat folder neither labels nor splits', () => {
    expect(layoutOf(['1.png', '2.png'])).toEqual({ entries: [{ id: '1.png' }, { id: '2.png' }] });
  });

  it('numbers class folders alphabetically and labels by the first level, however deep the file is', () => {
    const { entries, labelNames } = layoutOf([
      'dog/1.png',
      'cat/old/2019/1.png',
      'cat/2.png',
      'Zebra/1.png',
    ]);
    // Sorted by character code, as in torchvision's ImageFolder.
    expect(labelNames).toEqual(['Zebra', 'cat', 'dog']);
    expect(entries.map((entry) => entry.label)).toEqual([2, 1, 1, 0]);
    expect(entries.every((entry) => entry.split === undefined)).toBe(true);
  });

  it('gives no label to files beside the class folders', () => {
    const { entries } = layoutOf(['cat/1.png', 'dog/1.png', 'loose.png'], { labels: 'folders' });
    expect(entries.map(({ label }) => label)).toEqual([0, 1, undefined]);
    const parts = layoutOf(['train/cat/1.png', 'train/dog/1.png', 'train/loose.png']);
    expect(parts.entries.map(({ label }) => label)).toEqual([0, 1, undefined]);
  });

  it('says which folders are labels, and takes none on request', () => {
    const paths = ['a', 'b', 'c', 'd'].map((name) => `${name}/1.png`);
    expect(layoutOf(paths).labeling).toBe(
      'labels from 4 folders (a, b, c, …), for measuring alone. ' +
        "Use `labels: 'none'` if they are no classes",
    );
    const none = layoutOf(paths, { labels: 'none' });
    expect(none.labelNames).toBeUndefined();
    expect(none.entries[0]).toEqual({ id: 'a/1.png' });
    expect(none.labeling).toBe('no labels, as requested');
    expect(layoutOf(['1.png', '2.png']).labeling).toBeUndefined();
  });

  it('finds no labels in a single class', () => {
    expect(layoutOf(['photos/1.png', 'photos/2.png']).labelNames).toBeUndefined();
  });

  it('looks through a folder around everything', () => {
    const { entries, labelNames } = layoutOf(['set/v1/train/cat/1.png', 'set/v1/test/dog/1.png']);
    expect(labelNames).toEqual(['cat', 'dog']);
    expect(entries[1]).toEqual({ id: 'set/v1/test/dog/1.png', label: 1, split: 'test' });
  });

  const split = (...tops: string[]) => {
    const paths = tops.flatMap((top) => [`${top}/a/1.png`, `${top}/b/1.png`]);
    const { entries, labelNames } = layoutOf(paths);
    expect(labelNames).toEqual(['a', 'b']);
    return Object.fromEntries(tops.map((top, i) => [top, entries[i * 2]!.split]));
  };

  it('takes validation for testing only when there is no test folder', () => {
    expect(split('train', 'test')).toEqual({ train: 'train', test: 'test' });
    expect(split('train', 'val')).toEqual({ train: 'train', val: 'test' });
    expect(split('validation', 'test')).toEqual({ validation: 'train', test: 'test' });
    expect(split('train', 'val', 'test')).toEqual({ train: 'train', val: 'train', test: 'test' });
    expect(split('Train', 'TEST')).toEqual({ Train: 'train', TEST: 'test' });
  });

  it('makes no split that leaves nothing to train on', () => {
    expect(split('test')).toEqual({ test: undefined });
    expect(split('val')).toEqual({ val: undefined });
  });

  it('has splits without labels', () => {
    expect(layoutOf(['train/1.png', 'test/1.png'])).toEqual({
      entries: [
        { id: 'train/1.png', split: 'train' },
        { id: 'test/1.png', split: 'test' },
      ],
    });
  });

  it('takes a folder called test among others for a class', () => {
    expect(layoutOf(['test/1.png', 'car/1.png']).labelNames).toEqual(['car', 'test']);
  });
});
