import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusterRange, displayPath, showBytes, showCount, showDuration } from './text.ts';

describe('text for people', () => {
  it('formats counts, durations and sizes', () => {
    expect([1, 50_000, 1_234_567].map(showCount)).toEqual(['1', '50,000', '1,234,567']);
    expect([-1, 42.4, 185, 7800].map(showDuration)).toEqual([
      '0 s',
      '42 s',
      '3 min 5 s',
      '2 h 10 min',
    ]);
    expect([0, 999, 1400, 2.5e9].map(showBytes)).toEqual(['0 B', '999 B', '1.4 kB', '2.5 GB']);
  });

  it('tells which numbers of clusters images can have', () => {
    expect(clusterRange(40)).toBe('a whole number from 2 to 40');
    for (const images of [0, 1]) expect(clusterRange(images)).toMatch(/^at least 2 images,/);
  });

  it('shortens paths that are near', () => {
    expect(displayPath(resolve('runs', 'a'))).toBe(join('runs', 'a'));
    expect(displayPath('.')).toBe('.');
    expect(displayPath(join('..', 'beside'))).toBe(join('..', 'beside'));
    expect(displayPath(join('..', '..', 'far'))).toBe(resolve('..', '..', 'far'));
  });
});
