/** Label-free measures of an encoder whose features are the mean colors of a view. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { featuresOf, normalizeRows, rowsOf, unitRows } from '../cluster/index.ts';
import type { PixelCache } from '../data/index.ts';
import { openPixelReader } from '../data/reader.ts';
import { encoderOf, type NetworkEncoder } from '../encoders/encoder.ts';
import { parseViews } from '../views/index.ts';
import { tinyCache } from '../views/tinyCache.cases.ts';
import { makeView } from '../views/view.ts';
import { effectiveRank, usage, viewAgreement } from './labelFree.ts';
import { measureLabelFree } from './measureLabelFree.ts';

const N = 40;
const SIZE = 8;
const SEED = 5;
const cache = tinyCache(N);
const indices = Uint32Array.from({ length: N - 3 }, (_, i) => i + 2);
const views = parseViews({
  crops: [{ count: 2, size: SIZE, scale: [0.1, 0.3], steps: [{ kind: 'flip' }] }],
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
});

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(async () => {
  await engine.close();
  rmSync(dirname(cache.file), { recursive: true });
});

/** Mean of each plane less that of all, [n, 3], of views [n, 3, s, s]. */
function meanColors(pixels: Uint8Array, size: number): Float32Array {
  const area = size * size;
  const means = Float32Array.from({ length: pixels.length / area }, (_, plane) =>
    pixels.subarray(plane * area, (plane + 1) * area).reduce((sum, value) => sum + value / area, 0),
  );
  return means.map((_, at) => {
    const row = Math.floor(at / 3) * 3;
    return means[at]! - (means[row]! + means[row + 1]! + means[row + 2]!) / 3;
  });
}
const axes = featuresOf(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), 3);
/** The color that is above the others most. */
const chosen = (rows: Float32Array) =>
  Int32Array.from({ length: rows.length / 3 }, (_, i) => {
    const row = [...rows.subarray(3 * i, 3 * i + 3)];
    return row.indexOf(Math.max(...row));
  });

function encoder(heads: Partial<NetworkEncoder['heads']>): NetworkEncoder {
  const at = ({ size, batchSize = N }: { size: number; batchSize?: number }): NetworkEncoder =>
    encoderOf({
      id: 'colors',
      title: 'colors',
      dimension: 3,
      size,
      batchSize,
      heads: { project: (features) => unitRows(rowsOf(features)), ...heads },
      run: (pixels) => meanColors(pixels, size),
      resized: async (shape: { size: number; batchSize?: number }) => at(shape),
      close: async () => {},
    });
  return at({ size: SIZE });
}

async function measured(heads: Partial<NetworkEncoder['heads']>) {
  const own = encoder(heads);
  const features = await own.embed({ cache, indices });
  const options = { engine, encoder: own, views, cache: cache as PixelCache, indices, seed: SEED };
  return { features, options, report: await measureLabelFree({ ...options, features }) };
}

/** Choices for view 0 or 1 of each image, as training draws it in epoch 0. */
function choicesOf(view: number): Int32Array {
  const reader = openPixelReader(cache);
  const found = Array.from(indices, (image) => {
    const data = new Uint8Array(3 * SIZE * SIZE);
    makeView(reader.read(image), views.crops[0]!, { seed: SEED, epoch: 0, image, view }, data);
    return chosen(meanColors(data, SIZE))[0]!;
  });
  reader.close();
  return Int32Array.from(found);
}

describe('measureLabelFree', () => {
  it('compares the nearest prototypes of two random views of each image', async () => {
    const { report, features } = await measured({ prototypes: axes });
    const expected = viewAgreement(choicesOf(0), choicesOf(1));
    expect(expected.agreement).toBeLessThan(0.9);
    expect(expected.agreement).toBeGreaterThan(expected.chance);
    expect(report.viewAgreement!.agreement).toBeCloseTo(expected.agreement, 12);
    expect(report.viewAgreement!.chance).toBeCloseTo(expected.chance, 12);
    expect(report.prototypeUsage).toEqual(usage(chosen(features.data), 3));
    expect(report.clusters).toBeUndefined();
  });

  it('compares learned clusters where there are no prototypes, and nothing where there are none', async () => {
    const assign = async (given: Parameters<NetworkEncoder['heads']['project']>[0]) => {
      const data = await rowsOf(given).read(0, given.count);
      const best = chosen(data);
      return featuresOf(
        data.map((_, at) => (best[Math.floor(at / 3)] === at % 3 ? 0.8 : 0.1)),
        3,
      );
    };
    const { report } = await measured({ clusters: 3, assign });
    const { report: byPrototypes } = await measured({ prototypes: axes });
    expect(report).toEqual(byPrototypes);
    const { report: plain, features } = await measured({});
    expect(plain.prototypeUsage).toBeUndefined();
    expect(plain.viewAgreement).toBeUndefined();
    // Embeddings are the features at length 1.
    expect(plain.embeddingDeviation).toBeCloseTo(plain.featureDeviation, 6);
    const unit = normalizeRows(features);
    expect(plain.effectiveRank).toEqual(await effectiveRank(engine, features, { seed: SEED }));
    expect(plain.embeddingRank).toEqual(await effectiveRank(engine, unit, { seed: SEED }));
    expect(plain.embeddingRank).not.toEqual(plain.effectiveRank);
  });

  it('measures stored clusters in the space of the normalized features', async () => {
    const { features, options } = await measured({ prototypes: axes });
    const assignments = chosen(features.data);
    const clusters = { assignments, centroids: axes };
    const { clusters: stored } = await measureLabelFree({ ...options, features, clusters });
    const unit = await unitRows(features).read(0, features.count);
    const distance = (row: number, axis: number) =>
      Math.hypot(...[0, 1, 2].map((d) => unit[3 * row + d]! - (d === axis ? 1 : 0)));
    const silhouette = Array.from(assignments, (own, row) => {
      const others = [0, 1, 2].filter((axis) => axis !== own).map((axis) => distance(row, axis));
      const [a, b] = [distance(row, own), Math.min(...others)];
      return (b - a) / Math.max(a, b);
    });
    expect(stored!.k).toBe(3);
    expect(stored!.silhouette).toBeCloseTo(
      silhouette.reduce((a, b) => a + b, 0) / assignments.length,
      5,
    );
    // Of the neighbors' consistency.
    expect(Object.values(stored!)).toContainEqual(expect.objectContaining({ k: 10 }));
  });
});
