import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRows, encodeRows } from './rowCodec.ts';

describe('encodeRows', () => {
  it('writes gaps and runs', () => {
    expect(encodeRows([])).toBe('');
    expect(encodeRows([5, 7, 8, 9])).toBe('5.2-3');
    expect(encodeRows(Array.from({ length: 100_000 }, (_, i) => i))).toBe('0-255s');
  });

  it('is read back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000)), (some) => {
        const rows = some.sort((a, b) => a - b);
        expect(decodeRows(encodeRows(rows), 5001)).toEqual(rows);
      }),
    );
  });
});

describe('decodeRows', () => {
  it('leaves out rows that do not exist, and text that is none', () => {
    expect(decodeRows('0-zzzz', 3)).toEqual([0, 1, 2]);
    expect(decodeRows('1.!', 10)).toEqual([1]);
    expect(decodeRows('<b>', 10)).toEqual([]);
  });
});
