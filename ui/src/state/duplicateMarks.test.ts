import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byRule,
  changeOf,
  keepAll,
  keepOnly,
  keptOf,
  type Marks,
  marksOf,
  planOf,
  toggleKept,
} from './duplicateMarks.ts';

const images = new Map(
  Array.from({ length: 20 }, (_, row) => [row, { bytes: 100 + row, isPage: row === 19 }]),
);
const none: Marks = new Map();
const group = { rows: [4, 2, 7] };
const kept = (marks: Marks, one = group) => [...keptOf(one, marks, images)];

describe('keptOf', () => {
  it('follows the rule without decisions, and decisions before the rule', () => {
    expect(kept(none)).toEqual([4]);
    expect(kept(keepOnly(group, 7, none))).toEqual([7]);
    expect(kept(keepAll(group, none))).toEqual([4, 2, 7]);
    expect(kept(toggleKept(group, 2, none, images))).toEqual([4, 2]);
    expect(kept(byRule(group, keepOnly(group, 7, none)))).toEqual([4]);
  });

  it('keeps one image at least, whatever is decided and however groups change', () => {
    const step = fc.tuple(fc.nat(2), fc.constantFrom('only', 'toggle'));
    fc.assert(
      fc.property(fc.array(step), fc.subarray([4, 2, 7], { minLength: 2 }), (steps, rows) => {
        let marks = none;
        for (const [i, what] of steps) {
          const row = group.rows[i]!;
          marks =
            what === 'only' ? keepOnly(group, row, marks) : toggleKept(group, row, marks, images);
          expect(kept(marks).length).toBeGreaterThan(0);
        }
        expect(kept(marks, { rows }).length).toBeGreaterThan(0);
      }),
    );
  });

  it('does not move a page of a file of several', () => {
    expect(kept(none, { rows: [3, 19] })).toEqual([3, 19]);
  });
});

describe('toggleKept', () => {
  it('changes one image alone, and not the last that is kept', () => {
    expect(toggleKept(group, 4, none, images)).toBe(none);
    const two = toggleKept(group, 7, none, images);
    expect(kept(toggleKept(group, 4, two, images))).toEqual([7]);
  });
});

describe('changeOf', () => {
  const change = { type: 'duplicates' };

  it('names the rows whose decision differs, and none where all are alike', () => {
    const one = keepOnly(group, 7, none);
    expect(changeOf(none, one)).toEqual({ ...change, keep: [7], move: [4, 2] });
    expect(changeOf(one, keepOnly(group, 2, one))).toEqual({ ...change, keep: [2], move: [7] });
    expect(changeOf(one, byRule(group, one))).toEqual({ ...change, byRule: [4, 2, 7] });
    expect(changeOf(one, new Map(one))).toBeNull();
  });

  it('leads from stored decisions to those of now', () => {
    const marks = fc
      .array(fc.tuple(fc.nat(9), fc.boolean()))
      .map((entries): Marks => new Map(entries));
    fc.assert(
      fc.property(marks, marks, (before, after) => {
        const applied = new Map(before);
        const operation = changeOf(before, after);
        if (operation?.type === 'duplicates') {
          for (const row of operation.keep ?? []) applied.set(row, true);
          for (const row of operation.move ?? []) applied.set(row, false);
          for (const row of operation.byRule ?? []) applied.delete(row);
        }
        expect(applied).toEqual(new Map(after));
        const rows = (mark: boolean) => [...after.keys()].filter((row) => after.get(row) === mark);
        expect(marksOf({ kept: rows(true), moved: rows(false) })).toEqual(new Map(after));
      }),
    );
  });
});

describe('planOf', () => {
  it('counts files, groups and bytes that are moved', () => {
    const groups = [group, { rows: [10, 11] }, { rows: [12, 13] }];
    const marks = keepAll(groups[2]!, keepOnly(group, 2, none));
    expect(planOf(groups, marks, images)).toEqual({
      ...{ rows: [4, 7, 11], bytes: 104 + 107 + 111, groups: 2, images: 7 },
    });
    expect(planOf([], none, images)).toEqual({ rows: [], bytes: 0, groups: 0, images: 0 });
  });
});
