import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { momentLimits, momentsOf, readMoment, runFolderAt } from '../run/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { chooseStrips, groupsOf, openMoments, type SampleGroups } from './moments.ts';

const folder = useTemporaryFolder();
const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const N = 60;
const D = 5;
const ids = Array.from({ length: N }, (_, i) => `photo-${i}.png`);
/** Rows of which row i lies around axis i % D. */
function around(seed = 1) {
  const random = randomAt(seed, 'synthetic');
  return featuresOf(
    Float32Array.from({ length: N * D }, (_, at) => {
      const row = Math.floor(at / D);
      return (at % D === row % D ? 2 : 0) + 0.2 * random.normal();
    }),
    D,
  );
}
const axes = featuresOf(
  Float32Array.from({ length: D * D }, (_, at) => (at % (D + 1) === 0 ? 3 : 0)),
  D,
);
const clusters = Int32Array.from({ length: N }, (_, row) => (row % D === 0 ? 1 : 0));

describe('groupsOf', () => {
  it('takes prototypes, then learned clusters, then the clusters of the sample', async () => {
    const features = around();
    const prototypes = { embeddings: features, prototypes: axes };
    const found = await groupsOf(engine, { features, prototypes }, clusters);
    expect([found.kind, found.groups]).toEqual(['prototypes', D]);
    expect([...found.assigned]).toEqual([...ids.keys()].map((row) => row % D));
    const [strip] = await found.nearest([3], 4);
    const cosine = (row: number) => {
      const own = features.data.subarray(row * D, (row + 1) * D);
      return own[3]! / Math.hypot(...own);
    };
    const byCosine = [...ids.keys()].sort((a, b) => cosine(b) - cosine(a));
    expect(strip).toEqual(byCosine.slice(0, 4));

    const learned = featuresOf(
      Float32Array.from({ length: N * 2 }, (_, at) => (at % 2 === 0 ? 0.2 : at / 200)),
      2,
    );
    const own = await groupsOf(engine, { features, clusters: learned }, clusters);
    expect([own.kind, own.groups]).toEqual(['clusters', 2]);
    expect(own.assigned[0]).toBe(0);
    expect(own.assigned[N - 1]).toBe(1);
    expect(await own.nearest([1], 2)).toEqual([[N - 1, N - 2]]);

    const plain = await groupsOf(engine, { features }, clusters);
    expect([plain.kind, plain.groups]).toEqual(['groups', 2]);
    const near = await plain.nearest([1], 6);
    expect(near[0]!.every((row) => row % D === 0)).toBe(true);
  });

  it('leaves prototypes out that no phase has found yet', async () => {
    const features = around();
    const prototypes = { embeddings: features, prototypes: featuresOf(new Float32Array(4 * D), D) };
    expect((await groupsOf(engine, { features, prototypes }, clusters)).kind).toBe('groups');
  });
});

describe('chooseStrips', () => {
  const groups = (assigned: readonly number[]): SampleGroups => ({
    ...{ kind: 'prototypes', groups: 100, assigned: Int32Array.from(assigned) },
    nearest: async (wanted) =>
      wanted.map((group) => [...assigned.keys()].filter((row) => assigned[row] === group)),
  });

  it('takes the largest groups first, within the limit', async () => {
    const strips = await chooseStrips(groups([7, 2, 2, 9, 9, 9]));
    expect(strips.map(({ group, size }) => [group, size])).toEqual([
      [9, 3],
      [2, 2],
      [7, 1],
    ]);
    const many = await chooseStrips(groups(Array.from({ length: 50 }, (_, i) => i)));
    expect(many).toHaveLength(momentLimits.strips);
  });

  it('follows the images that a strip had before', async () => {
    const before = [[3, 4, 5], [1, 2], [0]];
    const strips = await chooseStrips(groups([4, 4, 4, 8, 8, 1]), before);
    // Images 3 and 4 lead to 8, images 1 and 2 to 4; image 0 went the same way, so that 1 is new.
    expect(strips.map(({ group }) => group)).toEqual([8, 4, 1]);
  });
});

describe('openMoments', () => {
  const open = (from: number) =>
    openMoments({ engine, folder: runFolderAt(folder.path), ids, from });
  const seen = () => {
    const features = around();
    return { features, prototypes: { embeddings: features, prototypes: axes } };
  };

  it('stores a map and strips, and a later session goes on from them', async () => {
    const run = runFolderAt(folder.path);
    const moments = await open(0);
    await moments.keep(seen(), { clusters, epoch: 0, step: 10 });
    await moments.keep(seen(), { clusters, epoch: 1, step: 20 });
    const [first, second] = [await readMoment(run, 10), await readMoment(run, 20)];
    expect(first).toMatchObject({ kind: 'prototypes', groups: D, used: D, sample: N, epoch: 0 });
    expect(first.ids).toEqual(ids);
    expect(Math.max(...first.places.map(Math.abs))).toBeCloseTo(1, 5);
    for (const { group, images, size } of first.strips) {
      expect(size).toBe(N / D);
      expect(images.every((id) => ids.indexOf(id) % D === group)).toBe(true);
    }
    expect(second.strips.map(({ group }) => group)).toEqual(first.strips.map(({ group }) => group));
    const resumed = await open(10);
    expect(await momentsOf(run)).toEqual([10]);
    await resumed.keep(seen(), { clusters, epoch: 1, step: 20 });
    expect(await readMoment(run, 20)).toEqual(second);
  });

  it('has as many moments as the limit, from the first to the last', async () => {
    const run = runFolderAt(folder.path);
    const count = momentLimits.moments + 1;
    const few = { features: featuresOf(new Float32Array(3 * D).fill(1), D) };
    const small = await openMoments({ engine, folder: run, ids: ids.slice(0, 3), from: 0 });
    for (let epoch = 0; epoch < count; epoch++) {
      await small.keep(few, { clusters: new Int32Array(3), epoch, step: epoch + 1 });
    }
    const kept = await momentsOf(run);
    expect([kept[0], kept.at(-1)]).toEqual([1, count]);
    expect(kept.length).toBeLessThanOrEqual(momentLimits.moments);
    expect(kept.length).toBeGreaterThan(momentLimits.moments / 2);
  });
});
