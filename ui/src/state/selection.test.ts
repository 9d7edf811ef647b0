import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rowsOf, selectionOf, withRows } from './selection.ts';

it('adds and removes rows as a set does, and leaves the earlier one alone', () => {
  const changes = fc.array(fc.tuple(fc.array(fc.integer({ min: -2, max: 31 })), fc.boolean()));
  fc.assert(
    fc.property(changes, (all) => {
      let selection = selectionOf(30);
      const expected = new Set<number>();
      for (const [rows, selected] of all) {
        const before = rowsOf(selection);
        const next = withRows(selection, rows, selected);
        expect(rowsOf(selection)).toEqual(before);
        selection = next;
        for (const row of rows.filter((row) => row >= 0 && row < 30)) {
          if (selected) expected.add(row);
          else expected.delete(row);
        }
        expect(rowsOf(selection)).toEqual([...expected].sort((a, b) => a - b));
        expect(selection.size).toBe(expected.size);
      }
    }),
  );
});
