/**
 * Learning gates of heads on features. Every head finds groups that overlap, without labels, and
 * better than after one step. The default head beats k-means on real images: features of
 * SqueezeNet 1.1 for the test images of the bundled sample (fixtures/make/sample_features.py).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { openEngine } from '../src/backends/index.ts';
import { assign, featuresOf, fitCentroids, normalizeRows, rowsOf } from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import { samplePath } from '../src/likeness.ts';
import { defaultHead, headNames } from '../src/methods/index.ts';
import { accuracy, nmi } from '../src/metrics/index.ts';
import { headClustersOf } from './headGate.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [N, D, K] = [240, 8, 4];
/** Spread of a group beside its distance of 1 from the origin. */
const DEVIATION = 0.25;
/** Least NMI, and least lead over one step. */
const [LEAST, LEAD] = [0.8, 0.2];

const random = randomAt(1, 'synthetic');
const labels = Int32Array.from({ length: N }, (_, i) => i % K);
const features = featuresOf(
  Float32Array.from({ length: N * D }, (_, at) => {
    const [i, d] = [Math.floor(at / D), at % D];
    return (d === labels[i] ? 1 : 0) + random.normal(0, DEVIATION);
  }),
  D,
);

it.each([...headNames])(
  '%s finds groups that overlap',
  async (method) => {
    const scoreOf = async (steps?: number) =>
      nmi(labels, await headClustersOf(engine, features, { method, k: K, seed: 0, steps }));
    const score = await scoreOf();
    expect(score).toBeGreaterThan(LEAST);
    // Consensus and ensemble begin with clusters that they learn.
    if (method !== 'consensus' && method !== 'ensemble')
      expect(score - (await scoreOf(1))).toBeGreaterThan(LEAD);
  },
  600_000,
);

it('the default head beats k-means on features of real images, in NMI and ACC', async () => {
  const [images, dimension, k] = [1000, 64, 10];
  const bytes = readFileSync(join(import.meta.dirname, 'fixtures/sample_features.int8'));
  const real = featuresOf(Float32Array.from(new Int8Array(bytes)), dimension);
  expect(real.count).toBe(images);
  const classes = Int32Array.from(
    gunzipSync(readFileSync(join(samplePath, 't10k-labels-idx1-ubyte.gz'))).subarray(8),
  );
  const unit = normalizeRows(real);
  const seeds = [0, 1, 2];
  const plain: Int32Array[] = [];
  for (const seed of seeds) {
    const options = { algorithm: 'kmeans', seed } as const;
    const { centroids } = await fitCentroids(engine, rowsOf(unit), k, options);
    plain.push((await assign(engine, unit, centroids)).assignments);
  }
  const found = await headClustersOf(engine, real, { method: defaultHead, k, seed: 0 });
  // Measured: NMI .639 and .557, ACC .673 and .598.
  for (const measure of [nmi, accuracy]) {
    const ofKmeans = plain.map((clusters) => measure(classes, clusters));
    const mean = ofKmeans.reduce((sum, score) => sum + score, 0) / seeds.length;
    expect(measure(classes, found)).toBeGreaterThan(mean + 0.04);
  }
}, 600_000);
