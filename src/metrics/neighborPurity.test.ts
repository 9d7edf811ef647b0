import { describe, expect, it } from 'vitest';
import { aboveChance, neighborPurity } from './neighborPurity.ts';

describe('neighborPurity', () => {
  it('counts the neighbors in the same cluster, and the expected value of chance', () => {
    const neighbors = { k: 2, indices: Int32Array.of(1, 2, 0, 2, 0, 1, 0, 1) };
    const { consistency, chance } = neighborPurity(neighbors, Int32Array.of(5, 5, 9, 9));
    expect(consistency).toBe(2 / 8);
    expect(chance).toBeCloseTo(1 / 3, 12);
    expect(aboveChance(0.75, 0.5)).toBe(0.5);
    expect(aboveChance(0.5, 0.5)).toBe(0);
    expect(aboveChance(1, 1)).toBe(0);
  });
});
