import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { assign } from './assign.ts';
import { columnMeans, featuresOf, normalizeRows, selectRows } from './features.ts';
import { allRows, meansOf, partsOf, pickRows, type Rows, rowsOf, unitRows } from './rows.ts';
import { simplifiedSilhouette } from './silhouette.ts';

const D = 3;
const random = randomAt(7, 'synthetic');
const features = featuresOf(
  Float32Array.from({ length: 100 * D }, () => random.normal()),
  D,
);

/** The same rows, from elsewhere, with the largest number of them that was read at once. */
function elsewhere(): Rows & { most: number } {
  const inner = rowsOf(features);
  return {
    count: inner.count,
    dimension: D,
    most: 0,
    read(start, rows) {
      this.most = Math.max(this.most, rows);
      return inner.read(start, rows);
    },
  };
}

describe('rows', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  it('are what they are in memory', async () => {
    expect(await allRows(elsewhere())).toEqual(features);
    expect(await allRows(unitRows(elsewhere()))).toEqual(normalizeRows(features));
    expect(await pickRows(elsewhere(), [99, 0, 42])).toEqual(selectRows(features, [99, 0, 42]));
    expect(await meansOf(elsewhere())).toEqual(columnMeans(features));
  });

  it('are read in parts, the last one shorter', async () => {
    const starts: number[] = [];
    const rows = elsewhere();
    for await (const part of partsOf(rows, { size: 30, number: 4 })) {
      starts.push(part.start);
      expect(part.data.length).toBe(part.rows * D);
      part.data.fill(0); // its reader's own
    }
    expect(starts).toEqual([0, 30, 60, 90]);
    expect(rows.most).toBe(30);
    expect(await allRows(rows)).toEqual(features);
  });

  it('give the same clusters and silhouette as in memory', async () => {
    const centroids = selectRows(features, [3, 50, 97]);
    const expected = await assign(engine, features, centroids);
    expect(await assign(engine, elsewhere(), centroids)).toEqual(expected);
    expect(
      await simplifiedSilhouette(engine, elsewhere(), expected.assignments, centroids),
    ).toEqual(await simplifiedSilhouette(engine, features, expected.assignments, centroids));
  });
});
