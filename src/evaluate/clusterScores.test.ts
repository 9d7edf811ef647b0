/** Scores of clusters by hand: a method's own beside those of k-means on the features. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { clusterFeatures, featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { silent } from '../core/reporter.ts';
import { clusterAgreement } from '../metrics/index.ts';
import { type ClusterScoreOptions, scoreClusters } from './clusterScores.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Twelve images of three classes, each along its own axis. */
const labels = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2);
const features = featuresOf(
  Float32Array.from({ length: 36 }, (_, at) =>
    at % 3 === labels[Math.floor(at / 3)] ? 1 : 0.01 * at,
  ),
  3,
);
/** The head errs in two images, and numbers its clusters in another order. */
const learned = { assignments: Int32Array.of(2, 2, 2, 0, 0, 0, 0, 0, 1, 1, 1, 2), count: 3 };

/** Six groups, long in one direction that tells nothing about them. */
function longGroups() {
  const random = randomAt(0, 'synthetic');
  const data = Float32Array.from({ length: 480 * 10 }, (_, at) => {
    const [row, d] = [Math.floor(at / 10), at % 10];
    if (d === 0) return 3 * random.uniform() - 1.5;
    return 0.15 * random.normal() + (d === 1 + (row % 6) ? 1 : 0);
  });
  return {
    features: featuresOf(data, 10),
    labels: Int32Array.from({ length: 480 }, (_, i) => i % 6),
  };
}

const score = (given: Partial<ClusterScoreOptions> = {}) =>
  scoreClusters(
    engine,
    { features, labels },
    {
      metric: 'spherical',
      restarts: 3,
      rows: Int32Array.from(labels.keys()),
      on: 'all',
      seed: 0,
      title: 'features',
      reporter: silent,
      ...given,
    },
  );

describe('scoreClusters', () => {
  it("scores the method's own clusters, with those of k-means beside them", async () => {
    const { result, protocol } = await score({ learned });
    expect(result.acc).toBeCloseTo(10 / 12, 12);
    expect(result.purity).toBeCloseTo(10 / 12, 12);
    expect(result.kmeans).toMatchObject({ acc: 1, nmi: 1, k: 3 });
    expect(result.clustering).toMatchObject({
      by: 'head',
      on: 'all',
      images: 12,
      k: 3,
      classes: 3,
    });
    // Shares of 5, 3 and 4 of twelve images.
    expect(result.clustering.usage).toMatchObject({ dead: 0, of: 3, largest: 5 / 12 });
    expect(result.confusion.counts).toEqual([
      [3, 1, 0],
      [0, 4, 0],
      [1, 0, 3],
    ]);
    expect(protocol.clustering).toContain('the 3 clusters that the method has learned itself');
    expect(protocol.kmeans).toContain('3 clusters for 3 classes');
  });

  it('scores smoothed k-means, with k-means beside it', async () => {
    const { features, labels } = longGroups();
    const rows = Int32Array.from(labels.keys());
    const { result, protocol } = await scoreClusters(
      engine,
      { features, labels },
      {
        ...{ algorithm: 'smoothed-kmeans', metric: 'spherical', restarts: 3 },
        ...{ rows, on: 'all', seed: 0, title: 'test', reporter: silent },
      },
    );
    const { assignment } = await clusterFeatures(engine, features, {
      ...{ k: 6, algorithm: 'smoothed-kmeans', restarts: 3 },
    });
    const expected = clusterAgreement(labels, assignment.assignments);
    // Sums of another order of the clusters.
    expect(result.nmi).toBeCloseTo(expected.nmi, 10);
    expect(result.acc).toBeCloseTo(expected.acc, 10);
    expect(result.clustering.by).toBe('smoothed-kmeans');
    expect(result.kmeans.nmi).not.toBe(result.nmi);
    expect(protocol.clustering).toContain('averaged with their nearest neighbors');
    const usual = await scoreClusters(
      engine,
      { features, labels },
      {
        ...{ algorithm: 'smoothed-kmeans', metric: 'spherical' },
        ...{ rows, on: 'all', seed: 0, title: 'test', reporter: silent },
      },
    );
    expect(usual.protocol.clustering).toContain('best objective of 5,');
    expect(usual.protocol.kmeans).toContain('best objective of 10,');
    expect(protocol.kmeans).toMatch(/^spherical k-means/);
  });

  it("takes the method's own clusters for their number, and k-means for any other", async () => {
    expect((await score({ learned, k: 3 })).result.clustering.by).toBe('head');
    const { result, protocol } = await score({ learned, k: 4 });
    expect(result.clustering).toMatchObject({ by: 'kmeans', k: 4 });
    expect(result.kmeans.acc).toBe(result.acc);
    expect(protocol.kmeans).toBeUndefined();
    expect((await score()).result).toMatchObject({ acc: 1, clustering: { by: 'kmeans', k: 3 } });
  });

  it('compares the given rows alone', async () => {
    // Of these rows the head errs in none.
    const rows = Int32Array.of(0, 1, 4, 8, 9, 10);
    const { result, protocol } = await score({ learned, rows, on: 'test' });
    expect(result).toMatchObject({ acc: 1, clustering: { images: 6, on: 'test' } });
    expect(result.purityTable.map(({ size }) => size)).toEqual([3, 2, 1]);
    expect(protocol.clustering).toContain('on the 6 test images');
  });
});
