import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox, randomAt, streams } from './random.ts';

function block(counter: [number, number, number, number], key: [number, number]): string[] {
  const out = new Uint32Array(4);
  philox(counter, key, out);
  return [...out].map((word) => word.toString(16).padStart(8, '0'));
}

describe('philox', () => {
  // Known answers of Philox4x32-10, published with Random123 (kat_vectors).
  it('gives the published known answers', () => {
    expect(block([0, 0, 0, 0], [0, 0])).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
    const ones = 0xffffffff;
    expect(block([ones, ones, ones, ones], [ones, ones])).toEqual([
      '408f276d',
      '41c83b0e',
      'a20bc7c6',
      '6d5451fd',
    ]);
    expect(
      block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    ).toEqual(['d16cfe09', '94fdcceb', '5001e420', '24126ea1']);
  });
});

describe('the named streams', () => {
  it('never share a position', () => {
    const all = Object.entries<{ purpose: number; b?: number; c?: number }>(streams);
    const meet = (x?: number, y?: number) => x === undefined || y === undefined || x === y;
    const clashes = all.flatMap(([name, own], i) =>
      all
        .slice(i + 1)
        .filter(
          ([, other]) =>
            own.purpose === other.purpose && meet(own.b, other.b) && meet(own.c, other.c),
        )
        .map(([other]) => `${name} and ${other}`),
    );
    expect(clashes).toEqual([]);
  });

  it('keep the numbers that they fix', () => {
    const first = randomAt(1, 'principalAxes').bits();
    expect(randomAt(1, 'principalAxes', 0, 0, 5).bits()).toBe(first);
    expect(randomAt(1, 'principalAxes', 1).bits()).not.toBe(first);
  });
});

describe('randomAt', () => {
  it('depends on every part of its position and on nothing else', () => {
    const first = randomAt(1, 'view', 2, 3, 4).bits();
    expect(randomAt(1, 'view', 2, 3, 4).bits()).toBe(first);
    for (const other of [
      randomAt(2, 'view', 2, 3, 4),
      randomAt(1, 'shuffle', 2, 3, 4),
      randomAt(1, 'view', 9, 3, 4),
      randomAt(1, 'view', 2, 9, 4),
      randomAt(1, 'view', 2, 3, 9),
    ]) {
      expect(other.bits()).not.toBe(first);
    }
  });

  it('draws uniform numbers with the right mean and spread, also as the first draw of many streams', () => {
    let sum = 0;
    let squares = 0;
    const n = 20_000;
    for (let i = 0; i < n; i++) {
      const u = randomAt(7, 'view', 0, i, 0).uniform();
      sum += u;
      squares += u * u;
    }
    expect(sum / n).toBeCloseTo(1 / 2, 2);
    expect(squares / n - (sum / n) ** 2).toBeCloseTo(1 / 12, 2);
  });

  it('draws normal numbers with mean 0 and deviation 1', () => {
    const random = randomAt(3, 'initialize');
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
  });

  it('shuffles into a permutation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 0, max: 50 }),
        (seed, n) => {
          const items = randomAt(seed, 'shuffle').shuffle(Array.from({ length: n }, (_, i) => i));
          expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        },
      ),
    );
  });
});
