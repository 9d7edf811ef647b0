import { describe, expect, it } from 'vitest';
import { between, nearestPoint, toPixels } from './moving.ts';

describe('between', () => {
  const [from, to] = [
    [0, 0, 1, 1],
    [1, 0, 0, -1],
  ];
  it('goes from one map to the other, slowly at both ends', () => {
    expect(between(from!, to!, 0)).toEqual(from);
    expect(between(from!, to!, 0.5)).toEqual([0.5, 0, 0.5, 0]);
    expect(between(from!, to!, 1)).toEqual(to);
    expect(between(from!, to!, 0.1)[0]).toBeLessThan(0.1);
  });
  it('jumps where the maps have other images', () => {
    expect(between([0, 0], to!, 0.5)).toEqual(to);
  });
});

describe('toPixels', () => {
  it('fits the shorter side, with y upward', () => {
    const pixels = toPixels([-1, -1, 1, 1, 0, 0], { width: 300, height: 200 }, 10);
    expect([...pixels]).toEqual([60, 190, 240, 10, 150, 100]);
  });
});

describe('nearestPoint', () => {
  it('finds the nearest point within the distance', () => {
    const pixels = Float32Array.of(10, 10, 20, 10, 100, 100);
    expect(nearestPoint(pixels, 16, 10)).toBe(1);
    expect(nearestPoint(pixels, 60, 60)).toBe(-1);
  });
});
