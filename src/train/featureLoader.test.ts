/** Batches of stored features: which rows they hold, and that they depend on the step alone. */
import { describe, expect, it } from 'vitest';
import { type FeatureLoaderOptions, openFeatureLoader } from './featureLoader.ts';

const [N, V, D, B] = [10, 3, 2, 4];
/** Row [image, view]. */
const views = Float32Array.from(
  Array.from({ length: N * V }, (_, row) => [Math.floor(row / V), row % V]).flat(),
);
const rows = Float32Array.from(Array.from({ length: N }, (_, image) => [image, -1]).flat());
const n = 2;
const neighbors = Int32Array.from(
  { length: N * n },
  (_, i) => (Math.floor(i / n) + 1 + (i % n)) % N,
);
const indices = Uint32Array.from({ length: N }, (_, i) => 100 + i);

const open = (groups: FeatureLoaderOptions['groups'], seed = 0) =>
  openFeatureLoader({ indices, dimension: D, groups, batchSize: B, seed });
const ofViews = (count: number) =>
  [{ count, origin: { kind: 'views', rows: views, views: V } }] as const;
const ofNeighbors = [
  { count: 2, origin: { kind: 'neighbors', rows, neighbors, count: n } },
] as const;
const rowAt = (crops: Float32Array, i: number) => [...crops.subarray(i * D, (i + 1) * D)];

describe('a loader of features', () => {
  it('gives distinct stored views of each image, crop-major, each once per epoch', async () => {
    const loader = open(ofViews(2));
    expect([loader.count, loader.stepsPerEpoch]).toEqual([N, 2]);
    const seen = new Set<number>();
    const drawn = new Set<number>();
    for (let epoch = 0; epoch < 20; epoch++) {
      seen.clear();
      for (let step = 0; step < 2; step++) {
        const { images, positions, crops } = await loader.batch(epoch, step);
        expect([...images]).toEqual([...positions].map((position) => position + 100));
        positions.forEach((position, b) => {
          const [first, second] = [rowAt(crops[0]!, b), rowAt(crops[0]!, B + b)];
          expect([first[0], second[0]]).toEqual([position, position]);
          expect(first[1]).not.toBe(second[1]);
          drawn.add(first[1]!);
          seen.add(position);
        });
      }
      expect(seen.size).toBe(8);
    }
    expect([...drawn].sort()).toEqual([0, 1, 2]);
  });

  it('repeats views only once all of them are drawn', async () => {
    const { crops, positions } = await open(ofViews(4)).batch(0, 0);
    positions.forEach((_, b) => {
      const drawn = [0, 1, 2].map((crop) => rowAt(crops[0]!, crop * B + b)[1]);
      expect(new Set(drawn).size).toBe(3);
    });
  });

  it('gives the image itself, then one of its neighbors', async () => {
    const loader = open(ofNeighbors);
    const offsets = new Set<number>();
    for (let epoch = 0; epoch < 10; epoch++) {
      const { crops, positions } = await loader.batch(epoch, 1);
      positions.forEach((position, b) => {
        expect(rowAt(crops[0]!, b)).toEqual([position, -1]);
        offsets.add((rowAt(crops[0]!, B + b)[0]! - position + N) % N);
      });
    }
    expect([...offsets].sort()).toEqual([1, 2]);
  });

  it('is a function of seed, epoch and step, in any order of calls', async () => {
    const [a, b] = [open(ofViews(2)), open(ofViews(2))];
    const later = await a.batch(3, 1);
    await b.batch(0, 0);
    await b.batch(3, 0);
    expect(await b.batch(3, 1)).toEqual(later);
    expect(await b.batch(3, 0)).not.toEqual(later);
    expect(await open(ofViews(2), 1).batch(3, 1)).not.toEqual(later);
  });

  it('passes over all images in order, and fills the last batch', async () => {
    const passed: number[] = [];
    for await (const { positions, crops } of open(ofNeighbors).pass()) {
      expect(crops[0]!.length).toBe(2 * B * D);
      passed.push(...positions);
    }
    expect(passed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  it('takes an order, and refuses a batch of more images than there are', async () => {
    const loader = open(ofNeighbors);
    loader.setOrder(2, Uint32Array.of(9, 9, 9, 9, 1, 2, 3, 4));
    expect([...(await loader.batch(2, 0)).positions]).toEqual([9, 9, 9, 9]);
    expect(() =>
      openFeatureLoader({ indices, dimension: D, groups: ofNeighbors, batchSize: 11, seed: 0 }),
    ).toThrow('batchSize: received 11 for 10 images');
  });
});
