import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EditOperation, JUNK } from '../../../src/server/protocol.ts';
import { createSynthetic } from './synthetic.ts';
import { applyOperations } from './syntheticEdits.ts';
import { hostileNames } from './syntheticRun.ts';

const operation = (images: number): fc.Arbitrary<EditOperation> => {
  const cluster = fc.nat(3);
  const rows = fc.uniqueArray(fc.nat(images - 1), { minLength: 1 });
  return fc.oneof(
    fc.record({ type: fc.constant('name' as const), cluster, name: fc.string() }),
    fc.record({ type: fc.constant('merge' as const), clusters: fc.tuple(cluster), into: cluster }),
    fc.record({ type: fc.constant('move' as const), images: rows, to: cluster }),
    fc.record({ type: fc.constant('junk' as const), images: rows, junk: fc.boolean() }),
    fc.record({ type: fc.constant('split' as const), cluster, parts: fc.tuple(rows) }),
  );
};

describe('createSynthetic', () => {
  it('gives back the clusters when all operations are undone, and again when redone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation(40), { maxLength: 6 }), async (operations) => {
        const source = createSynthetic({ images: 40, clusters: 4 });
        const key = (await source.run()).key;
        const clusters = async () => [...(await source.column('cluster')).values];
        const before = await clusters();
        let version = 0;
        for (const one of operations) {
          ({ version } = await source.edit({ key, version, operations: [one] }));
        }
        const after = await clusters();
        for (const _ of operations) ({ version } = await source.undo({ key, version }));
        expect(await clusters()).toEqual(before);
        for (const _ of operations) ({ version } = await source.redo({ key, version }));
        expect(await clusters()).toEqual(after);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses an edit of another version, as the server does', async () => {
    const source = createSynthetic({ images: 20, clusters: 2 });
    const { key, edits } = await source.run();
    const operations: EditOperation[] = [{ type: 'name', cluster: 0, name: 'cats' }];
    await source.edit({ key, version: edits.version, operations });
    await expect(source.edit({ key, version: edits.version, operations })).rejects.toMatchObject({
      status: 409,
    });
    expect((await source.run()).clusters[0]).toMatchObject({ name: 'cats' });
  });

  it('is equal for equal seeds, and its clusters have all images', async () => {
    const [a, b] = [createSynthetic({ seed: 3 }), createSynthetic({ seed: 3 })];
    expect((await a.column('cluster')).values).toEqual((await b.column('cluster')).values);
    expect(a.picture(5, 64)).toBe(b.picture(5, 64));
    const run = await a.run();
    expect(run.clusters.reduce((sum, { size }) => sum + size, 0)).toBe(run.images);
    expect((await a.paths([1]))[0]!.path).toBe(hostileNames[0]);
  });
});

describe('applyOperations', () => {
  it('moves junk back to the cluster that it would be in', () => {
    const before = Int32Array.of(0, 0, 1);
    const operations: EditOperation[] = [
      { type: 'junk', images: [0], junk: true },
      { type: 'merge', clusters: [0], into: 1 },
    ];
    expect([...applyOperations(before, 2, operations).clusters]).toEqual([JUNK, 1, 1]);
    operations.push({ type: 'junk', images: [0], junk: false });
    expect(applyOperations(before, 2, operations).clusters[0]).toBe(0);
  });

  it('numbers new clusters above all others', () => {
    const { clusters } = applyOperations(Int32Array.of(0, 0, 0, 1), 2, [
      { type: 'split', cluster: 0, parts: [[0], [1]] },
      { type: 'move', images: [3], to: 'new' },
    ]);
    expect([...clusters]).toEqual([2, 3, 0, 4]);
  });
});
