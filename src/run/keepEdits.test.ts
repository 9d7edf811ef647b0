import { describe, expect, it } from 'vitest';
import { applyEdits, type FoundClusters, JUNK } from './applyEdits.ts';
import { keepEdits } from './keepEdits.ts';
import type { Operation } from './operations.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const before: FoundClusters = { ids, clusters: [0, 0, 0, 0, 1, 1, 2, 2], k: 3 };

function carried(operations: Operation[], now: FoundClusters) {
  const edited = applyEdits(before, operations);
  const kept = keepEdits({ ids, edited, operations }, now);
  return { ...kept, edited: applyEdits(now, kept.operations) };
}

describe('keepEdits', () => {
  it('keeps names where at least half of the members agree', () => {
    const operations: Operation[] = [
      { type: 'name', cluster: 0, name: 'shoes' },
      { type: 'name', cluster: 1, name: 'coats' },
      { type: 'name', cluster: 2, name: 'bags' },
    ];
    // Jaccard indices: 3 of 4 for shoes, 2 of 3 for coats, and bags are torn apart.
    const now = { ids, clusters: [2, 2, 2, 1, 1, 1, 0, 3], k: 4 };
    const { edited, text } = carried(operations, { ...now, clusters: [2, 2, 2, 1, 1, 1, 0, 3] });
    expect([...edited.names].sort()).toEqual([
      [0, 'bags'],
      [1, 'coats'],
      [2, 'shoes'],
    ]);
    expect(text).toBe(
      'kept 3 names of the clusters before. All 3 edits of them are in edits.before.json',
    );
  });

  it('drops a name whose members are spread', () => {
    const operations: Operation[] = [{ type: 'name', cluster: 0, name: 'shoes' }];
    const now = { ids, clusters: [0, 1, 2, 3, 0, 1, 2, 3], k: 4 };
    const { operations: kept, text } = carried(operations, now);
    expect(kept).toEqual([]);
    expect(text).toMatch(/^kept no edit/);
  });

  it('keeps the members of locked clusters, also those that were moved there', () => {
    const operations: Operation[] = [
      { type: 'move', images: ['h'], to: 1 },
      { type: 'name', cluster: 1, name: 'coats' },
      { type: 'lock', cluster: 1, locked: true },
    ];
    for (const clusters of [
      [0, 0, 0, 0, 1, 1, 2, 2], // the same as before
      [0, 0, 0, 1, 1, 1, 2, 2], // with a stranger
      [1, 0, 1, 0, 1, 0, 1, 0], // torn apart
    ]) {
      const k = Math.max(...clusters) + 1;
      const { edited } = carried(operations, { ids, clusters, k });
      const [cluster] = [...edited.locked];
      expect(ids.filter((_, row) => edited.clusters[row] === cluster)).toEqual(['e', 'f', 'h']);
      expect(edited.names.get(cluster!)).toBe('coats');
    }
  });

  it('keeps junk, of images that are still there', () => {
    const operations: Operation[] = [{ type: 'junk', images: ['a', 'g'], junk: true }];
    const { edited } = carried(operations, {
      ids: ids.slice(1),
      clusters: [0, 0, 0, 0, 0, 0, 0],
      k: 1,
    });
    expect([...edited.clusters]).toEqual([0, 0, 0, 0, 0, JUNK, 0]);
  });

  it('keeps decisions about duplicates, of images that are still there', () => {
    const operations: Operation[] = [
      { type: 'duplicates', keep: ['b'], move: ['a', 'g', 'h'] },
      { type: 'duplicates', byRule: ['h'] },
    ];
    const now = { ids: ids.slice(1), clusters: [0, 0, 0, 0, 0, 0, 0], k: 1 };
    const { edited, text } = carried(operations, now);
    expect([...edited.decided]).toEqual([
      [0, true],
      [5, false],
    ]);
    expect(text).toMatch(/^kept 2 decided duplicates of/);
  });

  it('knows nothing of images that are new', () => {
    const operations: Operation[] = [{ type: 'name', cluster: 2, name: 'bags' }];
    const more = ['x', 'y', ...ids];
    const now = { ids: more, clusters: [1, 1, 0, 0, 0, 0, 0, 0, 1, 1], k: 2 };
    expect([...carried(operations, now).edited.names]).toEqual([[1, 'bags']]);
  });
});
