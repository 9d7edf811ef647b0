import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { gaussian } from '../cluster/gaussian.cases.ts';
import { featuresOf, selectRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { evaluateFeatures } from './evaluateFeatures.ts';
import { fewLabels, labeledDraw } from './fewLabels.ts';
import { knn } from './knn.ts';
import {
  effectiveRank,
  featureDeviation,
  neighborConsistency,
  usage,
  viewAgreement,
} from './labelFree.ts';
import { linearProbe, openProbes } from './linearProbe.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics-cluster.json', import.meta.url), 'utf8'),
) as {
  rows: { dimension: number; data: number[] };
  pca: { effectiveRank: number };
  probe: {
    dimension: number;
    train: number[];
    trainLabels: number[];
    test: number[];
    testLabels: number[];
    knn: Record<string, number>;
    fewRows: number[];
    few: number;
    linear: number;
    linearTrain: number;
  };
};
const train = {
  features: featuresOf(Float32Array.from(fixture.probe.train), fixture.probe.dimension),
  labels: Int32Array.from(fixture.probe.trainLabels),
};
const test = {
  features: featuresOf(Float32Array.from(fixture.probe.test), fixture.probe.dimension),
  labels: Int32Array.from(fixture.probe.testLabels),
};

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Class `i % classes` for row i, around its own axis. */
function separable(count: number, classes: number, dimension = classes) {
  const noise = gaussian(count, dimension).data;
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const data = noise.map((value, at) => {
    const row = Math.floor(at / dimension);
    return 0.05 * value + (at % dimension === labels[row]! % dimension ? 1 : 0);
  });
  return { features: featuresOf(data, dimension), labels };
}

describe('knn', () => {
  it('equals a NumPy reference for several k, and cuts k to the train rows', async () => {
    const results = await knn(engine, train, test, { k: [1, 5, 20, 200, 5000] });
    expect(results.slice(0, 4).map(({ accuracy }) => accuracy)).toEqual(
      ['1', '5', '20', '200'].map((k) => fixture.probe.knn[k]),
    );
    expect(results[4]).toMatchObject({ k: 400, requested: 5000 });
  });

  it('is right about its own train rows with one neighbor', async () => {
    expect((await knn(engine, train, train, { k: [1] }))[0]!.accuracy).toBe(1);
  });

  it('weighs near neighbors more, by the temperature', async () => {
    // A very near row of class 1 against two farther ones of class 0.
    const few = {
      features: featuresOf(Float32Array.of(1, 0.01, 1, 1, 1, 1.01), 2),
      labels: Int32Array.of(1, 0, 0),
    };
    const query = { features: featuresOf(Float32Array.of(1, 0), 2), labels: Int32Array.of(1) };
    expect((await knn(engine, few, query, { k: [3], temperature: 0.1 }))[0]!.accuracy).toBe(1);
    expect((await knn(engine, few, query, { k: [3], temperature: 10 }))[0]!.accuracy).toBe(0);
    expect((await knn(engine, few, query, { k: [3], temperature: 1e-4 }))[0]!.accuracy).toBe(1);
  });

  it('names the lower class where scores are equal', async () => {
    const pair = {
      features: featuresOf(Float32Array.of(1, 0, 1, 0), 2),
      labels: Int32Array.of(1, 0),
    };
    const query = (label: number) => ({
      features: featuresOf(Float32Array.of(2, 0), 2),
      labels: Int32Array.of(label),
    });
    expect((await knn(engine, pair, query(0), { k: [2] }))[0]!.accuracy).toBe(1);
    expect((await knn(engine, pair, query(1), { k: [2] }))[0]!.accuracy).toBe(0);
    // The nearest row alone is the first of equal ones.
    expect((await knn(engine, pair, query(1), { k: [1] }))[0]!.accuracy).toBe(1);
  });

  it('refuses what it cannot answer', async () => {
    await expect(knn(engine, train, test, { k: [0] })).rejects.toThrow('received k = [0]');
    await expect(knn(engine, train, test, { temperature: 0 })).rejects.toThrow(
      'received temperature 0',
    );
    const unlabeled = { ...test, labels: test.labels.with(3, -1) };
    await expect(knn(engine, train, unlabeled)).rejects.toThrow('row 3 has label -1');
    await expect(knn(engine, train, { ...test, labels: new Int32Array(2) })).rejects.toThrow(
      'received 2 labels for 300 rows',
    );
  });
});

describe('linearProbe', () => {
  it("comes within a point and a half of scikit-learn's logistic regression", async () => {
    const result = await linearProbe(engine, train, test);
    expect(Math.abs(result.accuracy - fixture.probe.linear)).toBeLessThanOrEqual(0.015);
    expect(Math.abs(result.trainAccuracy - fixture.probe.linearTrain)).toBeLessThanOrEqual(0.015);
    expect(result.steps).toBeGreaterThanOrEqual(1000);
    expect(result.protocol).toContain('accuracy after the last epoch');
    expect(await linearProbe(engine, train, test)).toEqual(result);
  });

  it('gives the same for each probe of one bench as alone, in any order', async () => {
    const half = Int32Array.from({ length: 150 }, (_, i) => 2 * i);
    const bench = openProbes(engine, train, test);
    try {
      const whole = await bench.fit();
      const part = await bench.fit({}, half);
      expect(await bench.fit()).toEqual(whole);
      expect(whole).toEqual(await linearProbe(engine, train, test));
      const alone = {
        features: selectRows(train.features, half),
        labels: Int32Array.from(half, (row) => train.labels[row]!),
      };
      const options = { standardizeBy: train.features };
      expect(part).toEqual(await linearProbe(engine, alone, test, options));
    } finally {
      await bench.close();
    }
  });

  it('is at chance where labels are unrelated', async () => {
    const random = randomAt(2, 'synthetic');
    const mixed = { ...train, labels: train.labels.map(() => random.integer(6)) };
    expect((await linearProbe(engine, mixed, test)).accuracy).toBeLessThan(0.35);
  });

  it('works with constant columns, few rows and one class', async () => {
    const two = {
      features: featuresOf(Float32Array.of(7, 1, 7, 2), 2),
      labels: Int32Array.of(0, 1),
    };
    const probe = await linearProbe(engine, two, two);
    expect(probe).toMatchObject({ accuracy: 1, epochs: 1000, steps: 1000 });
    expect(probe.protocol).toContain('batches of 2, 1000 epochs');
    const one = { ...two, labels: Int32Array.of(0, 0) };
    expect((await linearProbe(engine, one, one)).accuracy).toBe(1);
  });
});

describe('fewLabels', () => {
  it("comes close to scikit-learn's logistic regression on the same few rows", async () => {
    const few = {
      features: selectRows(train.features, fixture.probe.fewRows),
      labels: Int32Array.from(fixture.probe.fewRows, (row) => train.labels[row]!),
    };
    const by = { standardizeBy: train.features };
    const common = await linearProbe(engine, few, test, { ...by, scale: 'common' });
    expect(Math.abs(common.accuracy - fixture.probe.few)).toBeLessThanOrEqual(0.015);
    const each = await linearProbe(engine, few, test, by);
    expect(each.accuracy).not.toBe(common.accuracy);
    // Standardized by 19 rows instead of 400 the classifier is another one.
    expect((await linearProbe(engine, few, test)).accuracy).not.toBe(each.accuracy);
  });

  it('draws the share of each class, at least one row, differently per draw and seed', () => {
    const labels = Int32Array.from({ length: 215 }, (_, i) => (i < 200 ? i % 2 : i < 214 ? 5 : 9));
    const rows = labeledDraw(labels, 0.1);
    const count = (of: Int32Array, label: number) =>
      of.filter((row) => labels[row] === label).length;
    expect([0, 1, 5, 9].map((label) => count(rows, label))).toEqual([10, 10, 1, 1]);
    expect([0, 1, 5, 9].map((label) => count(labeledDraw(labels, 0.0001), label))).toEqual([
      1, 1, 1, 1,
    ]);
    expect([...rows]).toEqual([...new Set(rows)].sort((a, b) => a - b));
    expect(labeledDraw(labels, 0.1)).toEqual(rows);
    expect(labeledDraw(labels, 0.1, { draw: 1 })).not.toEqual(rows);
    expect(labeledDraw(labels, 0.1, { seed: 1 })).not.toEqual(rows);
    expect([...labeledDraw(labels, 1)]).toEqual([...labels.keys()]);
    for (const share of [0, 1.1, Number.NaN])
      expect(() => labeledDraw(labels, share)).toThrow('a share of');
  });

  it('is the mean and deviation over its draws', async () => {
    const [result] = await fewLabels(engine, train, test, { shares: [0.05], draws: 2, seed: 3 });
    const each: number[] = [];
    for (const draw of [0, 1]) {
      const rows = labeledDraw(train.labels, 0.05, { seed: 3, draw });
      const few = {
        features: selectRows(train.features, rows),
        labels: Int32Array.from(rows, (row) => train.labels[row]!),
      };
      const options = { seed: 3, standardizeBy: train.features, scale: 'common' } as const;
      each.push((await linearProbe(engine, few, test, options)).accuracy);
      expect(result!.labels).toBe(rows.length);
    }
    const [a, b] = each as [number, number];
    expect(a).not.toBe(b);
    expect(result!.accuracy).toBeCloseTo((a + b) / 2, 12);
    expect(result!.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    await expect(fewLabels(engine, train, test, { draws: 0 })).rejects.toThrow(
      'received draws = 0',
    );
  });
});

describe('label-free measures', () => {
  it('usage: entropy, dead prototypes and the largest share', () => {
    expect(usage(Int32Array.of(0, 0, 1, 1), 4)).toEqual({
      entropy: 0.5,
      dead: 2,
      largest: 0.5,
      of: 4,
    });
    expect(usage(Int32Array.of(0, 1, 2), 3).entropy).toBeCloseTo(1, 12);
    expect(usage(Int32Array.of(2, 2), 3)).toEqual({ entropy: 0, dead: 2, largest: 1, of: 3 });
    expect(usage(Int32Array.of(0), 1).entropy).toBe(0);
    expect(() => usage(Int32Array.of(3), 3)).toThrow('each from 0 to 2');
  });

  it('feature deviation: 0 when collapsed, near 1 when spread over the sphere', () => {
    expect(featureDeviation(featuresOf(new Float32Array(40).fill(3), 4))).toBeCloseTo(0, 6);
    expect(featureDeviation(gaussian(2000, 16))).toBeCloseTo(1, 1);
  });

  it('effective rank equals NumPy, and finds the rank of what has few directions', async () => {
    const rows = featuresOf(Float32Array.from(fixture.rows.data), fixture.rows.dimension);
    const { rank, most } = await effectiveRank(engine, rows);
    expect(rank).toBeCloseTo(fixture.pca.effectiveRank, 3);
    expect(most).toBe(fixture.rows.dimension);
    // Two orthogonal directions of equal strength in 64 dimensions, off the origin.
    const two = new Float32Array(400 * 64).fill(2);
    for (let i = 0; i < 400; i++) two[i * 64 + (i % 2)]! += i % 4 < 2 ? 1 : -1;
    expect((await effectiveRank(engine, featuresOf(two, 64))).rank).toBeCloseTo(2, 3);
    expect((await effectiveRank(engine, featuresOf(new Float32Array(12).fill(1), 3))).rank).toBe(0);
    // A direction of a twentieth counts, one of a ten-thousandth is rounding.
    const strengths = [1, 1 / 20, 1e-4];
    const uneven = Float32Array.from({ length: 18 }, (_, at) =>
      Math.floor(at / 6) === at % 3
        ? strengths[at % 3]! * (Math.floor(at / 3) % 2 === 0 ? 1 : -1)
        : 0,
    );
    const p = [20 / 21, 1 / 21];
    const expected = Math.exp(-p.reduce((sum, part) => sum + part * Math.log(part), 0));
    expect((await effectiveRank(engine, featuresOf(uneven, 3))).rank).toBeCloseTo(expected, 4);
  });

  it('effective rank above 512 dimensions goes through the rows', async () => {
    const wide = new Float32Array(20 * 600).fill(1);
    for (let i = 0; i < 20; i++) wide[i * 600 + (i % 2)]! += i % 4 < 2 ? 1 : -1;
    const { rank, most } = await effectiveRank(engine, featuresOf(wide, 600));
    expect(rank).toBeCloseTo(2, 3);
    expect(most).toBe(19);
  });

  it('view agreement: the share of equal assignments beside chance', () => {
    expect(viewAgreement(Int32Array.of(0, 1, 1, 0), Int32Array.of(0, 1, 0, 0))).toEqual({
      agreement: 0.75,
      chance: 0.5 * 0.75 + 0.5 * 0.25,
    });
    expect(viewAgreement(Int32Array.of(3, 3), Int32Array.of(3, 3))).toEqual({
      agreement: 1,
      chance: 1,
    });
    expect(() => viewAgreement(Int32Array.of(1), Int32Array.of())).toThrow('received 1 and 0');
  });

  it('neighbor consistency: 1 for separate groups, near chance for random clusters', async () => {
    const { features, labels } = separable(120, 4);
    expect((await neighborConsistency(engine, features, labels)).consistency).toBe(1);
    const random = randomAt(8, 'synthetic');
    const any = await neighborConsistency(
      engine,
      features,
      labels.map(() => random.integer(4)),
    );
    expect(any.consistency).toBeCloseTo(any.chance, 1);
    expect(any.chance).toBeCloseTo(0.25, 1);
  });
});

describe('evaluateFeatures', () => {
  it('gives full marks to features that hold the classes, and says how it measured', async () => {
    const result = await evaluateFeatures(engine, separable(150, 3));
    expect(result).toMatchObject({
      acc: 1,
      clustering: { on: 'all', images: 150, k: 3, classes: 3 },
      knn: { accuracy: 1, k: 120 },
      linear: { accuracy: 1 },
      split: { origin: 'made', train: 120, test: 30 },
    });
    for (const name of ['nmi', 'nmiGeometric', 'ami', 'ari', 'fmi', 'purity'] as const) {
      expect(result[name], name).toBeCloseTo(1, 9);
    }
    expect(result.confusion.counts).toEqual([
      [50, 0, 0],
      [0, 50, 0],
      [0, 0, 50],
    ]);
    expect(result.purityTable.map(({ share }) => share)).toEqual([1, 1, 1]);
    expect(result.fewLabels).toEqual({});
    expect(result.knn.all.map(({ requested }) => requested)).toEqual([10, 20, 100, 200]);
    expect(result.protocol.knn).toContain('k = 10, 20, 100 and 120 (all there are; 200 asked)');
    expect(result.protocol.clustering).toContain('all 150 labeled images');
  });

  it("uses the source's split, clusters its test images, and leaves the unlabeled out", async () => {
    const { features, labels } = separable(100, 4);
    const split = Array.from({ length: 100 }, (_, i) =>
      i < 60 ? ('train' as const) : ('test' as const),
    );
    labels[99] = -1;
    const result = await evaluateFeatures(engine, { features, labels, split }, { k: 6 });
    expect(result.clustering).toMatchObject({ on: 'test', images: 39, k: 6, classes: 4 });
    expect(result.split).toEqual({ origin: 'source', train: 60, test: 39 });
    expect(result.acc).toBeLessThan(1);
    const all = await evaluateFeatures(engine, { features, labels, split }, { clusterOn: 'all' });
    expect(all.clustering.images).toBe(99);
  });

  it('trains with few labels where it is asked to', async () => {
    const result = await evaluateFeatures(engine, separable(150, 3), { labelShares: [0.01, 0.1] });
    expect(result.fewLabels['0.01']).toMatchObject({ labels: 3, draws: 3 });
    expect(result.fewLabels['0.1']).toMatchObject({ accuracy: 1, labels: 12 });
    expect(result.protocol.fewLabels).toContain('1 % (3 labels) and 10 % (12 labels)');
    expect(result.protocol.linear).toContain('on the engine as one compiled step');
  });

  it('repeats itself with the same seed', async () => {
    const input = {
      features: gaussian(60, 8),
      labels: Int32Array.from({ length: 60 }, (_, i) => i % 3),
    };
    expect(await evaluateFeatures(engine, input)).toEqual(await evaluateFeatures(engine, input));
  });

  it('works on ten images, with a class of one', async () => {
    const labels = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1, 1, 2);
    const result = await evaluateFeatures(engine, { features: gaussian(10, 4), labels });
    expect(result.clustering.k).toBe(3);
    expect(result.split).toMatchObject({ train: 8, test: 2 });
    expect(result.knn.accuracy).not.toBeNull();
  });

  it('measures clusters alone where no class has two images', async () => {
    const result = await evaluateFeatures(engine, {
      features: gaussian(3, 4),
      labels: Int32Array.of(0, 1, 2),
    });
    expect(result).toMatchObject({
      acc: 1,
      knn: { accuracy: null, k: null },
      linear: { accuracy: null },
    });
    expect(result.protocol.knn).toMatch(/^not measured: no class has two labeled images/);
  });

  it('refuses what it cannot evaluate', async () => {
    const features = gaussian(4, 2);
    await expect(
      evaluateFeatures(engine, { features, labels: Int32Array.of(-1, -1, -1, -1) }),
    ).rejects.toThrow('received 4 images, none with a label');
    await expect(evaluateFeatures(engine, { features, labels: Int32Array.of(1) })).rejects.toThrow(
      'received 4 rows, 1 labels; expected one of each per image',
    );
    await expect(
      evaluateFeatures(engine, { features, labels: Int32Array.of(0, 0, 1, 1) }, { k: 9 }),
    ).rejects.toThrow('received k = 9 for 4 rows');
  });
});
