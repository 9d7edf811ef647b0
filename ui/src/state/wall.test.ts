import { expect, it } from 'vitest';
import { filterClusters, sortWall } from './wall.ts';

const cluster = (number: number, size: number, doubtful: number, name?: string) => ({
  ...{ cluster: number, size, doubtful, locked: false, typical: [], cohesion: 1 / size },
  ...(name !== undefined && { name }),
});
const all = [cluster(10, 4, 4, 'cats'), cluster(2, 8, 1), cluster(3, 8, 4, 'Big dogs')];
const numbers = (list: readonly { cluster: number }[]) => list.map((one) => one.cluster);

it('sorts clusters in each order, equal ones by number', () => {
  expect(numbers(sortWall(all, 'size'))).toEqual([2, 3, 10]);
  expect(numbers(sortWall(all, 'doubtful'))).toEqual([10, 3, 2]);
  expect(numbers(sortWall(all, 'cohesion'))).toEqual([2, 3, 10]);
  expect(numbers(sortWall(all, 'number'))).toEqual([2, 3, 10]);
  expect(numbers(sortWall(all, 'name'))).toEqual([3, 10, 2]);
});

it('finds clusters by the words of their names', () => {
  expect(numbers(filterClusters(all, ' DOGS big'))).toEqual([3]);
  expect(numbers(filterClusters(all, 'cluster 2'))).toEqual([2]);
  expect(numbers(filterClusters(all, ''))).toHaveLength(3);
});
