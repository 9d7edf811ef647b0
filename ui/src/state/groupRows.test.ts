import { expect, it } from 'vitest';
import { groupRows } from './groupRows.ts';

it('groups rows by cluster, each group by rank and then by row', () => {
  const groups = groupRows([3, -2, 3, 3, 1], [2, 0, 1, 1, 0]);
  expect([...groups].map(([cluster, rows]) => [cluster, [...rows]])).toEqual([
    [3, [2, 3, 0]],
    [-2, [1]],
    [1, [4]],
  ]);
});
