import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { type Features, featuresOf, nearestNeighbors, normalizeRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { neighborPurity } from '../metrics/index.ts';
import { epochBudget } from './epochBudget.ts';
import { epochMeasureNames, measureEpoch } from './epochMeasures.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const COUNT = 300;
const D = 24;

/**
 * Two views of images of ten groups: a group's direction, the image's own noise, and the view's
 * noise.
 */
function sample({ group, own, view }: { group: number; own: number; view: number }, seed = 1) {
  const random = randomAt(seed, 'synthetic');
  const images = Array.from({ length: COUNT * D }, (_, at) => {
    const row = Math.floor(at / D);
    return (at % D === row % 10 ? group : 0) + own * random.normal();
  });
  const seen = (): Features =>
    featuresOf(
      Float32Array.from(images, (value) => value + view * random.normal()),
      D,
    );
  return { features: seen(), secondView: seen() };
}

describe('measureEpoch', () => {
  it('gives separate groups more than noise, in every measure of clusters', async () => {
    const good = sample({ group: 3, own: 0.2, view: 0.1 });
    const bad = sample({ group: 0, own: 0.2, view: 0.6 });
    const { measures: high } = await measureEpoch(engine, good, undefined);
    const { measures: low } = await measureEpoch(engine, bad, undefined);
    for (const name of [
      'silhouette',
      'viewAgreement',
      'seedStability',
      'neighbourConsistency',
    ] as const) {
      expect(high[name]!, name).toBeGreaterThan(low[name]! + 0.3);
    }
    expect(high.viewAgreement).toBeGreaterThan(0.98);
    expect(high.seedStability).toBeCloseTo(1, 6);
    expect(high.silhouette).toBeGreaterThan(0.7);
    expect(low.viewAgreement).toBeLessThan(0.3);
    // Noise fills all directions, ten groups only nine.
    expect(low.effectiveRank).toBeGreaterThan(0.9);
    expect(high.effectiveRank).toBeLessThan(0.85);
    expect(Object.keys(high)).toEqual([...epochMeasureNames]);
    expect(high.prototypeUsage).toBeNull();
    expect(high.epochStability).toBeNull();
  });

  it('asks the second view about agreement alone', async () => {
    const { features, secondView } = sample({ group: 3, own: 0.2, view: 0.1 });
    const turned = featuresOf(secondView.data.toReversed(), D);
    const { measures: same } = await measureEpoch(engine, { features, secondView }, undefined);
    const { measures: other } = await measureEpoch(
      engine,
      { features, secondView: turned },
      undefined,
    );
    expect(other.viewAgreement).toBeLessThan(0.5);
    expect({ ...other, viewAgreement: 0 }).toEqual({ ...same, viewAgreement: 0 });
  });

  it('corrects the purity of neighbors for chance', async () => {
    const noise = sample({ group: 0, own: 0.2, view: 0.6 });
    const { measures, memory } = await measureEpoch(engine, noise, undefined);
    const unit = normalizeRows(noise.features);
    const neighbors = await nearestNeighbors(engine, unit, unit, { k: 10, exclude: 'self' });
    const { consistency, chance } = neighborPurity(neighbors, memory.clusters);
    expect(chance).toBeGreaterThan(0.05);
    const stored = measures[epochMeasureNames[4]]; // the consistency of neighbors
    expect(stored).toBeCloseTo((consistency - chance) / (1 - chance), 12);
  });

  it('compares with the epoch before', async () => {
    const good = sample({ group: 3, own: 0.2, view: 0.1 });
    const { memory } = await measureEpoch(engine, good, undefined);
    const moved = sample({ group: 3, own: 0.2, view: 0.1 }, 5);
    expect((await measureEpoch(engine, moved, memory)).measures.epochStability).toBeCloseTo(1, 6);
    const bad = sample({ group: 0, own: 0.2, view: 0.6 });
    expect((await measureEpoch(engine, bad, memory)).measures.epochStability).toBeLessThan(0.3);
  });

  it('says how evenly prototypes are used', async () => {
    const { features, secondView } = sample({ group: 3, own: 0.2, view: 0.1 });
    const axes = new Float32Array(D * D);
    for (let d = 0; d < D; d++) axes[d * D + d] = 1;
    const prototypes = { embeddings: features, prototypes: featuresOf(axes, D) };
    const { measures } = await measureEpoch(
      engine,
      { features, secondView, prototypes },
      undefined,
    );
    // Ten of 24 prototypes, thirty images each.
    expect(measures.prototypeUsage).toBeCloseTo(Math.log(10) / Math.log(24), 6);
  });

  it('gives the same numbers again, also for features that have collapsed, and takes small samples', async () => {
    const good = sample({ group: 3, own: 0.2, view: 0.1 });
    expect(await measureEpoch(engine, good, undefined)).toEqual(
      await measureEpoch(engine, good, undefined),
    );
    const same = featuresOf(new Float32Array(40 * 4).fill(0.3), 4);
    const collapsed = await measureEpoch(engine, { features: same, secondView: same }, undefined);
    for (const name of ['silhouette', 'viewAgreement', 'effectiveRank'] as const) {
      expect(collapsed.measures[name], name).toBe(0);
    }
    const few = featuresOf(Float32Array.of(1, 0, 1, 0.1, 0, 1, 0.1, 1), 2);
    const { measures } = await measureEpoch(engine, { features: few, secondView: few }, undefined);
    expect(measures.viewAgreement).toBe(1);
    expect(Object.values(measures).every((value) => value === null || Number.isFinite(value))).toBe(
      true,
    );
  });

  it('refuses samples that do not belong together', async () => {
    const { features, secondView } = sample({ group: 1, own: 1, view: 1 });
    const short = featuresOf(secondView.data.subarray(D), D);
    await expect(measureEpoch(engine, { features, secondView: short }, undefined)).rejects.toThrow(
      'received 300 images, 299 second views; expected as many of each',
    );
    const memory = { clusters: new Int32Array(7) };
    await expect(measureEpoch(engine, { features, secondView }, memory)).rejects.toThrow(
      'and 7 clusters of before',
    );
  });
});

describe('epochBudget', () => {
  it('measures 2,000 of 50,000 images after each epoch, at one or two per cent', () => {
    const plan = epochBudget({
      images: 50_000,
      crops: [{ count: 2, size: 32 }],
      measured: [32, 32],
    });
    expect(plan).toMatchObject({ images: 2000, every: 1 });
    expect(plan.share).toBeCloseTo(2000 / (3 * 50_000), 9);
  });

  it('takes fewer images of a small source, and leaves epochs out before there are too few', () => {
    const small = epochBudget({
      images: 4000,
      crops: [{ count: 2, size: 28 }],
      measured: [28, 28],
    });
    expect(small).toMatchObject({ images: 400, every: 2 });
    const tiny = epochBudget({ images: 90, crops: [{ count: 2, size: 28 }], measured: [28, 28] });
    expect(tiny).toMatchObject({ images: 90, every: 17 });
    for (const images of [50, 400, 4000, 20_000, 1_000_000]) {
      for (const size of [28, 96, 224]) {
        const crops = [
          { count: 2, size },
          { count: 4, size: 32 },
        ];
        const { share, images: taken } = epochBudget({ images, crops, measured: [size, size] });
        expect(share).toBeLessThanOrEqual(0.02 + 1e-9);
        expect(taken * 6 * size * size).toBeLessThanOrEqual(128 * 1024 * 1024);
      }
    }
  });
});
