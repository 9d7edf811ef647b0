import { expect, it } from 'vitest';
import { applyEdits, type Operation, type ReportCluster } from '../run/index.ts';
import { editedReport } from './editedReport.ts';

const paths = ['a', 'b', 'c', 'd', 'e', 'f'];
const clusters = [0, 0, 1, 1, 2, 2];
const image = (path: string) => ({ path, confidence: 0.5, margin: 0.1, doubtful: false });
const found: ReportCluster[] = [0, 1, 2].map((cluster) => ({
  ...{
    cluster,
    size: 2,
    share: 1 / 3,
    cohesion: 0.2 * (cluster + 1),
    separation: 0.3,
    doubtful: 0,
  },
  typical: paths.filter((_, i) => clusters[i] === cluster).map(image),
  edge: [],
}));

function edited(...operations: Operation[]) {
  const images = paths.map((path, i) => ({
    ...{ path, cluster: clusters[i]!, confidence: 0.5, margin: 0.1 },
  }));
  return editedReport(found, {
    images,
    operations,
    edited: applyEdits({ ids: paths, clusters, k: 3 }, operations),
    stored: {
      ...{ centroids: new Float32Array(3), k: 3, dimension: 1, temperature: 0.1, kReason: '' },
      ...{ seed: 0, images: 6, step: 0 },
    },
  });
}

it('joins the examples of merged clusters, and counts their images', () => {
  const [first, second, ...rest] = edited({ type: 'merge', clusters: [2], into: 0 });
  expect(first).toMatchObject({ cluster: 0, size: 4, share: 4 / 6 });
  expect(first?.typical.map(({ path }) => path)).toEqual(['a', 'b', 'e', 'f']);
  expect(first?.cohesion).toBeCloseTo((0.2 + 0.6) / 2, 9);
  expect(first?.separation).toBeUndefined();
  expect(second).toEqual(found[1]);
  expect(rest).toEqual([]);
});

it('takes junk out, shows moved images where they are now, and drops empty clusters', () => {
  const made = edited(
    { type: 'junk', images: ['a'], junk: true },
    { type: 'move', images: ['c', 'd'], to: 'new' },
  );
  expect(made.map(({ cluster, size }) => [cluster, size])).toEqual([
    [0, 1],
    [2, 2],
    [3, 2],
  ]);
  expect(made[2]?.typical.map(({ path }) => path)).toEqual(['c', 'd']);
});
