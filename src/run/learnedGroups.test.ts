/** Clusters from probabilities: numbers, sizes, ties, clusters without images, and the file that keeps them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import { openEngine } from '../runtime/index.ts';
import { readClustering, writeClustering } from './clustering.ts';
import { groupByHead, learnedAssignment } from './learnedGroups.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const rows = (values: number[][]) => featuresOf(Float32Array.from(values.flat()), values[0]!.length);

describe('groupByHead', () => {
  it('numbers the used outputs by size and leaves out the others', async () => {
    const y = rows([
      [0.1, 0, 0.8, 0.1],
      [0.7, 0, 0.2, 0.1],
      [0.1, 0, 0.6, 0.3],
      [0.2, 0, 0.5, 0.3],
      [0.1, 0, 0.3, 0.6],
    ]);
    const features = rows([
      [2, 0],
      [0, 3],
      [2, 0],
      [2, 0],
      [1, 1],
    ]);
    const found = await groupByHead(engine, features, y);
    expect(found.k).toBe(3);
    expect(found.empty).toBe(1);
    expect(found.head).toEqual([2, 0, 3]);
    expect([...found.assignment.assignments]).toEqual([0, 1, 0, 0, 2]);
    expect([...found.assignment.second]).toEqual([1, 0, 2, 2, 0]);
    expect(found.assignment.confidence[2]).toBeCloseTo(0.6, 6);
    expect(found.assignment.margin[2]).toBeCloseTo(0.3, 6);
    expect(found.groups.map(({ size }) => size)).toEqual([3, 1, 1]);
    expect(found.groups[0]!.cohesion).toBeCloseTo(1, 6);
    expect([...found.centroids.data.slice(0, 4)]).toEqual([1, 0, 0, 1]);
    expect(found.kReason).toBe(
      '4 clusters, which the method has learned itself. 1 of them have no image here, and are left out.',
    );
  });

  it('gives one cluster a margin of 1 and no second', async () => {
    const y = rows([[0.9, 0.1]]);
    const { assignment, k } = await groupByHead(engine, rows([[1, 2]]), y);
    expect(k).toBe(1);
    expect([assignment.second[0], assignment.margin[0]]).toEqual([-1, 1]);
  });

  it('is the most probable output for every image, also when the images come again', async () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(probability, { minLength: 24, maxLength: 24 }), async (values) => {
        const y = featuresOf(Float32Array.from(values), 4);
        const features = featuresOf(
          Float32Array.from({ length: 12 }, (_, i) => 1 + Math.sin(i)),
          2,
        );
        const { head, assignment, centroids, groups } = await groupByHead(engine, features, y);
        for (let i = 0; i < 6; i++) {
          const row = [...y.data.slice(i * 4, i * 4 + 4)];
          expect(head![assignment.assignments[i]!]).toBe(row.indexOf(Math.max(...row)));
        }
        expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(6);
        const again = await learnedAssignment(y, {
          outputs: head!,
          unit: normalizeRows(features),
          centroids,
        });
        expect(again).toEqual(assignment);
      }),
      { numRuns: 15 },
    );
  });
});

describe('clusters.safetensors', () => {
  const clustering = {
    centroids: Float32Array.of(1, 0, 0, 1),
    k: 2,
    dimension: 2,
    temperature: 1,
    kReason: 'because',
    seed: 0,
    images: 9,
    step: 3,
  };
  const file = () => join(folder.path, 'clusters.safetensors');

  it("keeps which output of the method's head each cluster is", async () => {
    await writeClustering(file(), { ...clustering, head: [4, 1] });
    expect((await readClustering(file())).head).toEqual([4, 1]);
    await writeClustering(file(), clustering);
    expect((await readClustering(file())).head).toBeUndefined();
  });

  it('is refused where that is not one output per cluster', async () => {
    for (const head of [[1], [0, -1], [0.5, 1]]) {
      await writeClustering(file(), { ...clustering, head });
      await expect(readClustering(file())).rejects.toThrow(/does not hold clusters that this program reads/);
    }
    await writeFile(file(), 'no clusters');
    await expect(readClustering(file())).rejects.toThrow();
  });
});
