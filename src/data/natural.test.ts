import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNatural } from './natural.ts';

describe('compareNatural', () => {
  it('orders numbers by value and keeps folders together', () => {
    const ordered = ['a/img1', 'a/img2', 'a/img10', 'a/img010', 'a b/1', 'a-b', 'b', 'b/1', 'b1'];
    for (let turn = 0; turn < ordered.length; turn++) {
      const turned = [...ordered.slice(turn), ...ordered.slice(0, turn)];
      const sorted = turned.sort(compareNatural);
      expect(sorted.indexOf('a/img2')).toBeLessThan(sorted.indexOf('a/img10'));
      expect(sorted).toEqual([...ordered].sort(compareNatural));
    }
    expect(['a b/1', 'a/2', 'a/1'].sort(compareNatural)).toEqual(['a/1', 'a/2', 'a b/1']);
  });

  it('compares numbers too long for a double exactly', () => {
    expect(compareNatural('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
  });

  const name = fc.string({
    unit: fc.constantFrom('0', '1', '9', 'a', 'B', '/', '.', 'é'),
    maxLength: 8,
  });

  it('is a total order: antisymmetric, transitive, and 0 only for equal strings', () => {
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) + 0);
        expect(compareNatural(a, b) === 0).toBe(a === b);
        if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) {
          expect(compareNatural(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
