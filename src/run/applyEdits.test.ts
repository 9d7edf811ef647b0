import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, type EditedClusters, type FoundClusters, JUNK } from './applyEdits.ts';
import { changesClusters, type Operation } from './operations.ts';

const found: FoundClusters = {
  ids: ['a', 'b', 'c', 'd', 'e', 'f'],
  clusters: [0, 0, 1, 1, 2, 2],
  k: 3,
};
const clustersOf = (...operations: Operation[]) => [...applyEdits(found, operations).clusters];
const refusal = (...operations: Operation[]) => {
  try {
    applyEdits(found, operations);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('applyEdits', () => {
  it('changes nothing without operations', () => {
    expect(applyEdits(found, [])).toEqual({
      clusters: Int32Array.from(found.clusters),
      numbers: [0, 1, 2],
      names: new Map(),
      locked: new Set(),
      becomes: Int32Array.of(0, 1, 2),
      decided: new Map(),
    });
  });

  it('merges clusters, whose numbers and names end', () => {
    const { clusters, numbers, names, becomes } = applyEdits(found, [
      { type: 'name', cluster: 0, name: 'shoes' },
      { type: 'name', cluster: 2, name: 'boots' },
      { type: 'merge', clusters: [2], into: 0 },
    ]);
    expect([...clusters]).toEqual([0, 0, 1, 1, 0, 0]);
    expect(numbers).toEqual([0, 1]);
    expect([...names]).toEqual([[0, 'shoes']]);
    expect([...becomes]).toEqual([0, 1, 0]);
  });

  it('gives each part of a split a number that no cluster had', () => {
    const merge: Operation = { type: 'merge', clusters: [2], into: 0 };
    const split: Operation = { type: 'split', cluster: 0, parts: [['e', 'f'], ['b']] };
    expect(clustersOf(merge, split)).toEqual([0, 4, 1, 1, 3, 3]);
    // The order matters: before the merge the parts are not in the cluster.
    expect(refusal(split, merge)).toBe('edits.invalid');
  });

  it('moves images to a cluster and to a new one', () => {
    const move: Operation = { type: 'move', images: ['a', 'c'], to: 'new' };
    expect(clustersOf(move)).toEqual([3, 0, 3, 1, 2, 2]);
    expect(clustersOf(move, { type: 'move', images: ['a'], to: 1 })).toEqual([1, 0, 3, 1, 2, 2]);
  });

  it('decides about duplicates in any cluster, and follows the rule again', () => {
    const operations: Operation[] = [
      { type: 'lock', cluster: 0, locked: true },
      { type: 'duplicates', keep: ['a'], move: ['c', 'f'] },
      { type: 'duplicates', keep: ['c'], byRule: ['f', 'e'] },
    ];
    const { decided, clusters } = applyEdits(found, operations);
    expect([...decided]).toEqual([
      [0, true],
      [2, true],
    ]);
    expect([...clusters]).toEqual(found.clusters);
    expect(changesClusters(operations)).toBe(true);
    expect(changesClusters(operations.slice(1))).toBe(false);
    expect(refusal({ type: 'duplicates', keep: ['a', 'x'] })).toBe('edits.invalid');
  });

  it('puts junk in no cluster and remembers where it was', () => {
    const junk = (images: string[], is: boolean): Operation => ({ type: 'junk', images, junk: is });
    expect(clustersOf(junk(['a', 'd'], true))).toEqual([JUNK, 0, 1, JUNK, 2, 2]);
    const merge: Operation = { type: 'merge', clusters: [1], into: 2 };
    expect(clustersOf(junk(['d'], true), merge, junk(['d'], false))).toEqual([0, 0, 2, 2, 2, 2]);
    // A moved image is no junk.
    expect(clustersOf(junk(['a'], true), { type: 'move', images: ['a'], to: 2 })[0]).toBe(2);
  });

  it('leaves locked clusters as they are', () => {
    const lock: Operation = { type: 'lock', cluster: 1, locked: true };
    const changes: Operation[] = [
      { type: 'merge', clusters: [1], into: 0 },
      { type: 'merge', clusters: [0], into: 1 },
      { type: 'split', cluster: 1, parts: [['c']] },
      { type: 'move', images: ['a'], to: 1 },
      { type: 'move', images: ['c'], to: 0 },
      { type: 'junk', images: ['c'], junk: true },
    ];
    for (const change of changes) {
      expect(refusal(lock, change)).toBe('edits.locked');
      expect(refusal(lock, { type: 'lock', cluster: 1, locked: false }, change)).toBeUndefined();
    }
    expect(refusal(lock, { type: 'name', cluster: 1, name: 'coats' })).toBeUndefined();
  });

  it.each<[string, Operation]>([
    ['an unknown cluster', { type: 'name', cluster: 3, name: 'x' }],
    ['an unknown image', { type: 'move', images: ['z'], to: 0 }],
    ['a merge into a part', { type: 'merge', clusters: [0, 1], into: 1 }],
    ['an image in two parts', { type: 'split', cluster: 0, parts: [['a'], ['a']] }],
    ['an image of another cluster', { type: 'split', cluster: 0, parts: [['c']] }],
  ])('refuses %s', (_, operation) => {
    expect(refusal(operation)).toBe('edits.invalid');
  });
});

/** Draws operations that fit the state after those before them. */
const history = fc
  .array(fc.tuple(fc.nat(5), fc.nat(1000), fc.nat(1000), fc.boolean()), { maxLength: 30 })
  .map((draws) => {
    const operations: Operation[] = [];
    for (const [kind, a, b, flag] of draws) {
      const { numbers, clusters } = applyEdits(found, operations);
      const [cluster, other] = [numbers[a % numbers.length]!, numbers[b % numbers.length]!];
      const id = found.ids[a % found.ids.length]!;
      const members = found.ids.filter((_, row) => clusters[row] === cluster);
      const drawn: Operation[] = [
        { type: 'name', cluster, name: flag ? `n${b}` : '' },
        { type: 'merge', clusters: [cluster], into: other },
        { type: 'split', cluster, parts: [members.slice(0, 1 + (b % 2))] },
        { type: 'move', images: [id], to: flag ? 'new' : other },
        { type: 'lock', cluster, locked: flag },
        { type: 'junk', images: [id], junk: flag },
      ];
      const next = drawn[kind]!;
      if (refusal(...operations, next) === undefined) operations.push(next);
    }
    return operations;
  });

const plain = ({ clusters, names, locked, numbers }: EditedClusters) => ({
  ...{ clusters: [...clusters], names: [...names], locked: [...locked], numbers },
});

describe('any history', () => {
  it('keeps every image in a cluster that is there, or as junk', () => {
    fc.assert(
      fc.property(history, (operations) => {
        const { clusters, numbers, names, locked, becomes } = applyEdits(found, operations);
        const there = new Set(numbers);
        expect(clusters).toHaveLength(found.ids.length);
        for (const cluster of clusters) expect(cluster === JUNK || there.has(cluster)).toBe(true);
        for (const cluster of [...names.keys(), ...locked, ...becomes]) {
          expect(there.has(cluster)).toBe(true);
        }
      }),
    );
  });

  it('is taken back by leaving out the last operation', () => {
    fc.assert(
      fc.property(history, fc.nat(5), (operations, extra) => {
        const before = plain(applyEdits(found, operations));
        const next: Operation = { type: 'move', images: [found.ids[extra]!], to: 'new' };
        if (refusal(...operations, next) !== undefined) return;
        const after = applyEdits(found, [...operations, next]);
        expect(after.clusters[extra]).toBe(Math.max(...after.numbers));
        expect(plain(applyEdits(found, operations))).toEqual(before);
      }),
    );
  });

  it('is undone by splitting what was merged', () => {
    fc.assert(
      fc.property(history, fc.nat(100), fc.nat(100), (operations, a, b) => {
        const before = applyEdits(found, operations);
        const [from, into] = [a, b].map((draw) => before.numbers[draw % before.numbers.length]!);
        const members = found.ids.filter((_, row) => before.clusters[row] === from);
        const merge: Operation = { type: 'merge', clusters: [from!], into: into! };
        if (members.length === 0 || refusal(...operations, merge) !== undefined) return;
        const split: Operation = { type: 'split', cluster: into!, parts: [members] };
        const after = applyEdits(found, [...operations, merge, split]);
        const groups = (clusters: Int32Array, ids: readonly string[]) =>
          JSON.stringify(
            [...new Set(clusters)]
              .filter((cluster) => cluster !== JUNK)
              .map((cluster) => ids.filter((_, row) => clusters[row] === cluster))
              .sort(),
          );
        expect(groups(after.clusters, found.ids)).toBe(groups(before.clusters, found.ids));
      }),
    );
  });
});
