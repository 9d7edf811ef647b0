import { describe, expect, it } from 'vitest';
import { evenly, namedLike } from './featureMaps.ts';

describe('colors of maps', () => {
  it('stay the same: a cluster has the number of the one that it shares most images with', () => {
    const last = Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2);
    expect([...namedLike(last, Int32Array.of(7, 7, 7, 3, 3, 3, 5, 5))]).toEqual([...last]);
    // A cluster more than there is now gets a new number.
    expect([...namedLike(last, Int32Array.of(7, 7, 7, 3, 3, 4, 5, 5))]).toEqual([
      0, 0, 0, 1, 1, 3, 2, 2,
    ]);
  });
});

describe('evenly', () => {
  it('keeps first and last', () => {
    expect(evenly([1, 2, 3, 4, 5, 6, 7], 4)).toEqual([1, 3, 5, 7]);
    expect(evenly([1, 2], 4)).toEqual([1, 2]);
  });
});
