import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeLinkage, groupsAt, linkageTree, withEqual } from './groups.ts';
import type { DuplicatePair } from './pairs.ts';

const pair = (a: number, b: number, similarity: number): DuplicatePair => ({ a, b, similarity });

describe('completeLinkage', () => {
  it('does not join a chain', () => {
    const chain = [pair(0, 1, 0.9), pair(1, 2, 0.95), pair(2, 3, 0.9)];
    expect(completeLinkage(chain, 0.85)).toEqual([{ members: [1, 2], worst: chain[1] }]);
  });

  it('names the least similar pair', () => {
    const pairs = [pair(2, 5, 0.99), pair(2, 9, 0.91), pair(5, 9, 0.93)];
    expect(completeLinkage(pairs, 0.9)).toEqual([{ members: [2, 5, 9], worst: pairs[1] }]);
    expect(completeLinkage(pairs, 0.92)).toEqual([{ members: [2, 5], worst: pairs[0] }]);
    expect(completeLinkage(pairs, 0.995)).toEqual([]);
  });

  it('joins the groups whose least similar members are most similar', () => {
    // 1 is nearest to 0, but 2 and 3 would then be alone in their group.
    const pairs = [pair(0, 1, 0.9), pair(1, 2, 0.97), pair(0, 2, 0.8), pair(2, 3, 0.95)];
    expect(completeLinkage(pairs, 0.75).map(({ members }) => members)).toEqual([[0, 1, 2]]);
  });

  it('takes two groups for as alike as their least similar members', () => {
    // 2 is near 0, but far from 1.
    const pairs = [pair(0, 1, 0.95), pair(0, 2, 0.94), pair(1, 2, 0.7), pair(2, 3, 0.8)];
    const members = completeLinkage(pairs, 0.65).map((group) => group.members);
    expect(members).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('equals repeated search over all groups', () => {
    const graph = fc
      .uniqueArray(fc.tuple(fc.nat(9), fc.nat(9)), {
        selector: ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`,
        maxLength: 40,
      })
      .map((edges) => edges.filter(([a, b]) => a !== b))
      .chain((edges) =>
        fc
          .shuffledSubarray(
            edges.map((_, i) => 0.5 + i / 100),
            { minLength: edges.length },
          )
          .map((weights) =>
            edges.map(([a, b], i) => pair(Math.min(a, b), Math.max(a, b), weights[i]!)),
          ),
      );
    fc.assert(
      fc.property(graph, fc.double({ min: 0.5, max: 0.9, noNaN: true }), (pairs, threshold) => {
        const found = completeLinkage(pairs, threshold).map(({ members }) => members.join(' '));
        expect(found.sort()).toEqual(naive(pairs, threshold).sort());
      }),
    );
  });
});

describe('groupsAt', () => {
  const pairs = fc
    .uniqueArray(fc.tuple(fc.nat(11), fc.nat(11), fc.integer({ min: 50, max: 60 })), {
      selector: ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`,
      maxLength: 50,
    })
    .map((all) =>
      all
        .filter(([a, b]) => a !== b)
        .map(([a, b, s]) => pair(Math.min(a, b), Math.max(a, b), s / 100)),
    );

  it('reads the groups of every higher threshold from one tree', () => {
    fc.assert(
      fc.property(pairs, fc.integer({ min: 50, max: 60 }), (all, percent) => {
        const tree = linkageTree(all, 0.5);
        expect(groupsAt(tree, percent / 100)).toEqual(completeLinkage(all, percent / 100));
      }),
    );
  });

  it('names the least similar of all pairs of a group', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        for (const { members, worst } of completeLinkage(all, 0.5)) {
          const inside = all.filter(({ a, b }) => members.includes(a) && members.includes(b));
          expect(inside).toHaveLength((members.length * (members.length - 1)) / 2);
          expect(worst.similarity).toBe(Math.min(...inside.map(({ similarity }) => similarity)));
          expect(inside).toContain(worst);
        }
      }),
    );
  });
});

describe('withEqual', () => {
  it('adds equal images to groups, and groups of equal images alone', () => {
    const groups = completeLinkage([pair(1, 4, 0.9)], 0.8);
    const equal = [[0, 7], [1, 2], [3]];
    expect(withEqual(groups, equal)).toEqual([
      { members: [0, 7], worst: pair(0, 7, 1) },
      { members: [1, 2, 4], worst: pair(1, 4, 0.9) },
    ]);
  });
});

/** Joins the best two groups of ten, from the definition of complete linkage. */
function naive(pairs: readonly DuplicatePair[], threshold: number): string[] {
  const similarity = (a: number, b: number) =>
    pairs.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a))?.similarity ??
    0;
  let groups = Array.from({ length: 10 }, (_, i) => [i]);
  for (;;) {
    let best = { value: -1, i: 0, j: 0 };
    for (let i = 0; i < groups.length; i++) {
      for (let j = i + 1; j < groups.length; j++) {
        const value = Math.min(
          ...groups[i]!.flatMap((a) => groups[j]!.map((b) => similarity(a, b))),
        );
        if (value > best.value) best = { value, i, j };
      }
    }
    if (best.value < threshold) break;
    const { i, j } = best;
    groups = [...groups.filter((_, at) => at !== i && at !== j), [...groups[i]!, ...groups[j]!]];
  }
  return groups
    .filter(({ length }) => length > 1)
    .map((group) => group.toSorted((a, b) => a - b).join(' '));
}
