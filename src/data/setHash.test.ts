/** Identity of a set of images. */
import { describe, expect, it } from 'vitest';
import { hashOfSet } from './setHash.ts';

describe('hashOfSet', () => {
  const entries = ['a.png', 'b.png', 'c.png'].map((id, label) => ({ id, label, size: 1 }));
  const set = { entries, contents: BigUint64Array.of(1n, 2n, 3n), labelNames: ['x', 'y', 'z'] };
  const before = hashOfSet(set, [0, 1]);

  it('depends on the chosen images alone', () => {
    const other = { ...set, contents: set.contents.with(2, 9n) };
    expect(hashOfSet(other, [0, 1])).toBe(before);
  });

  it('notices another name, content, label, label name, order and number', () => {
    const renamed = { ...set, entries: entries.with(1, { ...entries[1]!, id: 'd.png' }) };
    const relabeled = { ...set, entries: entries.with(1, { ...entries[1]!, label: 0 }) };
    const edited = { ...set, contents: set.contents.with(1, 9n) };
    const hashes = [
      hashOfSet(renamed, [0, 1]),
      hashOfSet(relabeled, [0, 1]),
      hashOfSet(edited, [0, 1]),
      hashOfSet({ ...set, labelNames: ['x', 'w', 'z'] }, [0, 1]),
      hashOfSet(set, [1, 0]),
      hashOfSet(set, [0, 1, 2]),
    ];
    expect(new Set([before, ...hashes]).size).toBe(7);
  });
});
