import { expect, it } from 'vitest';
import { kmeansRestarts } from './kmeansRestarts.ts';

it('takes fewer starts for more clusters, and at most five on averaged rows', () => {
  const counts = [2, 100, 101, 500, 501];
  expect(counts.map((k) => kmeansRestarts(k))).toEqual([10, 10, 3, 3, 1]);
  expect(counts.map((k) => kmeansRestarts(k, 'smoothed-kmeans'))).toEqual([5, 5, 3, 3, 1]);
});
