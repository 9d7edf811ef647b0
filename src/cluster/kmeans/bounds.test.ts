/** Assignments with bounds are those without, in each iteration, and the bounds hold. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../backends/index.ts';
import { type Random, randomAt } from '../../core/random.ts';
import { type Features, featuresOf, normalizeRows, sharedValues } from '../features.ts';
import { prepareBoundedScorer } from './boundedScorer.ts';
import { type Comparison, DistanceBounds, NEEDS_DISTANCE, UNDECIDED } from './bounds.ts';
import { prepareFullScorer } from './fullScorer.ts';
import { movementOf } from './movement.ts';
import { type KmeansMetric, newRun, UNASSIGNED } from './run.ts';
import type { KmeansScorer } from './scorer.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const few = (random: Random, length: number) =>
  new Float32Array(length).map(() => random.integer(5) - 2);
const normal = (random: Random, length: number) =>
  new Float32Array(length).map(() => random.normal());

const runOf = (centroids: Float32Array, count: number, k: number) =>
  newRun(centroids, { index: 0, count, k });

/** Centroids that mostly stay, as in late iterations; some jump, and one may land on another. */
function perturbed(
  random: Random,
  centroids: Float32Array,
  { k, dimension }: { k: number; dimension: number },
) {
  const next = centroids.slice();
  for (let j = 0; j < k; j++) {
    if (random.integer(3) > 0) continue;
    const from = random.integer(4) === 0 ? random.integer(k) * dimension : undefined;
    for (let d = 0; d < dimension; d++) {
      const at = j * dimension + d;
      next[at] = from === undefined ? next[at]! + random.integer(3) - 1 : centroids[from + d]!;
    }
  }
  return next;
}

async function bothScorers<T>(
  work: Features,
  options: { k: number; metric: KmeansMetric },
  use: (full: KmeansScorer, bounded: KmeansScorer) => Promise<T>,
): Promise<T> {
  const full = await prepareFullScorer(engine, work, { ...options, restarts: 1 });
  const bounded = await prepareBoundedScorer(engine, work, { ...options, restarts: 1 });
  try {
    return await use(full, bounded);
  } finally {
    await full.dispose();
    await bounded.dispose();
  }
}

describe('assignments with bounds', () => {
  it('are those of a full comparison whatever centroids do, ties included (whole numbers)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          k: fc.constantFrom(4, 9, 40),
          dimension: fc.constantFrom(2, 5, 16),
          seed: fc.nat(),
        }),
        async ({ k, dimension, seed }) => {
          const random = randomAt(seed, 'synthetic');
          const data = sharedValues(300 * dimension);
          data.set(few(random, data.length));
          const work = featuresOf(data, dimension);
          await bothScorers(work, { k, metric: 'euclidean' }, async (full, bounded) => {
            let centroids = few(random, k * dimension);
            const [a, b] = [runOf(centroids, work.count, k), runOf(centroids, work.count, k)];
            for (let iteration = 0; iteration < 6; iteration++) {
              const [expected, found] = [
                (await full.assign([a]))[0]!,
                (await bounded.assign([b]))[0]!,
              ];
              expect([...b.assignments]).toEqual([...a.assignments]);
              expect([...b.sizes]).toEqual([...a.sizes]);
              expect(found.changed).toBe(expected.changed);
              expect([...found.total]).toEqual([...expected.total]); // sums of whole numbers are exact
              centroids = perturbed(random, centroids, { k, dimension });
              a.centroids = centroids;
              b.centroids = centroids;
            }
          });
        },
      ),
      { numRuns: 12 },
    );
  });

  for (const metric of ['euclidean', 'spherical'] as const) {
    it(`are those of a full comparison along the way of k-means (${metric})`, async () => {
      const [k, dimension] = [30, 12];
      const random = randomAt(4, 'synthetic');
      const made = featuresOf(normal(random, 2000 * dimension), dimension);
      const data = sharedValues(made.data.length);
      data.set(metric === 'spherical' ? normalizeRows(made).data : made.data);
      const work = featuresOf(data, dimension);
      await bothScorers(work, { k, metric }, async (full, bounded) => {
        const start = data.slice(0, k * dimension);
        const [a, b] = [runOf(start, work.count, k), runOf(start, work.count, k)];
        for (let iteration = 0; iteration < 25; iteration++) {
          const { total } = (await full.assign([a]))[0]!;
          await bounded.assign([b]);
          expect([...b.assignments]).toEqual([...a.assignments]);
          const means = featuresOf(
            Float32Array.from(
              total,
              (sum, at) => sum / Math.max(1, a.sizes[Math.floor(at / dimension)]!),
            ),
            dimension,
          );
          a.centroids = metric === 'spherical' ? normalizeRows(means).data : means.data;
          b.centroids = a.centroids;
        }
      });
    });
  }

  it('are those of a full comparison when a centroid of zeros gets a direction (spherical)', async () => {
    const at = (...angles: number[]) =>
      angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
    const data = sharedValues(40);
    data.set(at(...Array.from({ length: 20 }, (_, i) => i / 1000)));
    const work = featuresOf(data, 2);
    await bothScorers(work, { k: 3, metric: 'spherical' }, async (full, bounded) => {
      const start = Float32Array.from([...at(0.3), 0, 0, ...at(3)]);
      const [a, b] = [runOf(start, 20, 3), runOf(start, 20, 3)];
      await full.assign([a]);
      await bounded.assign([b]);
      // By its cosine, 0, it seemed to be at a distance of 1.41 from all rows; it moves by 1 and is
      // at 0.
      for (const run of [a, b]) run.centroids = Float32Array.from(at(0.3, 0.01, 3));
      await full.assign([a]);
      await bounded.assign([b]);
      expect([...a.assignments]).toEqual(new Array(20).fill(1));
      expect([...b.assignments]).toEqual([...a.assignments]);
    });
  });

  it('of several restarts are kept apart', async () => {
    const [k, dimension] = [12, 4];
    const data = sharedValues(500 * dimension);
    data.set(normal(randomAt(9, 'synthetic'), data.length));
    const work = featuresOf(data, dimension);
    const scorer = await prepareBoundedScorer(engine, work, {
      k,
      restarts: 2,
      metric: 'euclidean',
    });
    const alone = await prepareBoundedScorer(engine, work, { k, restarts: 1, metric: 'euclidean' });
    const first = runOf(data.slice(0, k * dimension), work.count, k);
    const second = { ...runOf(data.slice(400, 400 + k * dimension), work.count, k), index: 1 };
    const copy = runOf(second.centroids, work.count, k);
    for (let iteration = 0; iteration < 3; iteration++) {
      await scorer.assign([first, second]);
      await alone.assign([copy]);
      expect([...second.assignments]).toEqual([...copy.assignments]);
      second.centroids = second.centroids.map((value) => value * 0.9);
      copy.centroids = second.centroids;
    }
    // A run that has come to rest is left alone.
    first.state = 'converged';
    expect((await scorer.assign([first, second]))[0]).toBeUndefined();
    await scorer.dispose();
    await alone.dispose();
  });
});

describe('movementOf', () => {
  it('gives distances, and those that moved furthest in rising order, of equal ones the lower', () => {
    const before = Float32Array.of(0, 0, 1, 1, 2, 2, 5, 5);
    const after = Float32Array.of(3, 4, 1, 1, 2, 3, 5, 6);
    const { distances, subsets, maxNorm, minNorm } = movementOf(before, after, {
      dimension: 2,
      sizes: [0, 2, 4],
    });
    expect([...distances]).toEqual([5, 0, 1, 1]);
    expect(subsets.map(({ centroids }) => [...centroids])).toEqual([[], [0, 2], [0, 1, 2, 3]]);
    expect(subsets.map(({ maxOutside }) => maxOutside)).toEqual([5, 1, 0]);
    expect([maxNorm, minNorm]).toEqual([Math.sqrt(61), Math.SQRT2]);
  });
});

describe('bounds', () => {
  /**
   * A row at 0 on a line, centroids on it; its products with those of a level, without rounding.
   */
  function onALine(places: number[]) {
    const work = featuresOf(Float32Array.of(0), 1);
    const bounds = new DistanceBounds(work, 0);
    let before = Float32Array.from(places);
    let { subsets } = movementOf(before, before, { dimension: 1, sizes: [0, 1, places.length] });
    const clusters = Int32Array.of(UNASSIGNED);
    return {
      clusters,
      move(to: number[]) {
        const after = Float32Array.from(to);
        const movement = movementOf(before, after, { dimension: 1, sizes: [0, 1, to.length] });
        bounds.update(movement);
        subsets = movement.subsets;
        before = after;
      },
      need() {
        const level = new Uint8Array(1);
        bounds.classify(0, level, clusters);
        return level[0]!;
      },
      /** After `need` said that the distance to the own centroid has to be known. */
      measured() {
        const level = new Uint8Array(1);
        bounds.refine(Int32Array.of(0), Float32Array.of(before[clusters[0]!]! ** 2), level);
        return level[0]!;
      },
      settle(level: number) {
        const products = Array.from(subsets[level]!.centroids, (j) => -(before[j]! ** 2) / 2);
        const at = products.indexOf(Math.max(...products));
        const second = Math.max(...products.filter((_, place) => place !== at), -1e30);
        const compared: Comparison = {
          rows: Int32Array.of(0),
          at: Int32Array.of(at),
          largest: Float32Array.of(products[at]!),
          second: Float32Array.of(second),
        };
        const found = new Int32Array(1);
        bounds.settle(level, compared, clusters, found);
        if (found[0] !== UNDECIDED) clusters[0] = found[0]!;
        return found[0]!;
      },
    };
  }

  it('ask for nothing, for what moved far, or for all, as the distances allow', () => {
    const row = onALine([1, 5, -8]);
    row.move([1, 5, -8]);
    expect(row.need()).toBe(2);
    expect(row.settle(2)).toBe(0);
    row.move([1, 5, -6]); // moved by 2: others are at 5 - 2 or more
    expect(row.need()).toBe(0);
    row.move([1, 5, -2]); // by 4: at 3 - 4 or more, all but the last at 3
    expect(row.need()).toBe(1);
    expect(row.settle(1)).toBe(0);
    row.move([1, 5, 0.5]);
    expect(row.need()).toBe(1);
    expect(row.settle(1)).toBe(UNDECIDED); // another is nearer, it seems: all are compared
    expect(row.settle(2)).toBe(2);
    row.move([0.7, 5, 0.9]); // the former cluster is near: the bound knows
    expect(row.need()).toBeGreaterThan(0);
  });

  it('ask for the distance to the own centroid where it is likely to save a comparison', () => {
    const row = onALine([4, 9, -12]);
    row.move([4, 9, -12]);
    row.need();
    row.settle(2);
    // Back and forth: for all that is known its own is further and further away, and others nearer
    // and nearer.
    row.move([2.5, 10, -13]);
    expect(row.need()).toBe(0);
    row.move([4, 9, -12]);
    expect(row.need()).toBe(NEEDS_DISTANCE);
    expect(row.measured()).toBe(0);
  });

  it('say that it is not clear where products cannot tell', () => {
    const row = onALine([2, 9, -12]);
    row.move([2, 9, -12]);
    row.need();
    row.settle(2);
    row.move([2, 9, -2]); // by 10: the others at 9 still
    expect(row.need()).toBe(1);
    expect(row.settle(1)).toBe(UNDECIDED);
    expect(row.settle(2)).toBe(0);
  });
});
