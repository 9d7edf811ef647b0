/** Edits through every door: a new clustering, folders, exports and assign. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { openImages, openModel, readReport } from '../likeness.ts';
import { editsKeyOf, readEdits, writeEdits } from '../run/index.ts';
import { makeTinyRun } from './tinyPatches.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('pictures'), 24);
});
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

it('honors edits in folders, exports, assign and the next clustering', async () => {
  await using images = await openImages(at('pictures'));
  await makeTinyRun(images, at('run'));
  const model = await openModel(at('run'));
  const groups = await model.cluster(images, { k: 3 });
  const key = editsKeyOf(groups.stored);
  const members = (cluster: number) =>
    groups.images.filter((_, i) => groups.assignments[i] === cluster);
  const [junk] = members(1);
  await writeEdits(at('run', 'edits.json'), {
    ...{ key, version: 1, undone: [] },
    done: [
      { type: 'name', cluster: 0, name: 'a/b: "shoes"' },
      { type: 'merge', clusters: [2], into: 0 },
      { type: 'junk', images: [junk!], junk: true },
    ],
  });
  const merged = [...members(0), ...members(2)];

  await groups.sortInto(at('sorted'));
  const folders = readdirSync(at('sorted')).filter((name) => !name.startsWith('.'));
  expect(folders.sort()).toEqual(['a_b_ _shoes_', 'cluster-001', 'junk']);
  expect(readdirSync(at('sorted', 'a_b_ _shoes_'))).toHaveLength(merged.length);
  expect(readdirSync(at('sorted', 'junk'))).toHaveLength(1);

  expect(await model.exportClusters(at('out.csv'))).toMatchObject({ images: 24, k: 2 });
  const [header, ...rows] = readFileSync(at('out.csv'), 'utf8').trim().split('\n');
  expect(header).toBe('path,cluster,confidence,margin,name,junk');
  expect(rows.filter((row) => row.includes(',"a/b: ""shoes""",0'))).toHaveLength(merged.length);
  expect(rows.filter((row) => row.endsWith(',1'))).toHaveLength(1);
  await model.exportClusters(at('out.parquet'));
  const table = await parquetReadObjects({ file: await asyncBufferFromFile(at('out.parquet')) });
  expect(table.filter((row) => row.junk).map(({ id, cluster }) => [id, cluster])).toEqual([
    [junk, -2],
  ]);
  await model.exportClusters(at('out.json'));
  const coco = JSON.parse(readFileSync(at('out.json'), 'utf8'));
  expect(coco.categories.map(({ name }: { name: string }) => name)).toEqual([
    'a/b: "shoes"',
    'cluster 1',
  ]);
  expect(coco.annotations).toHaveLength(23);

  const files = members(2).map((id) => at('pictures', id));
  for (const { cluster, name } of await model.assign(files)) {
    expect([cluster, name]).toEqual([0, 'a/b: "shoes"']);
  }

  await groups.writeReport();
  const { clustering } = await readReport(at('run'));
  expect(clustering?.names?.get(0)).toBe('a/b: "shoes"');
  expect(clustering?.clusters.map(({ cluster, size }) => [cluster, size])).toEqual([
    [0, merged.length],
    [1, members(1).length - 1],
  ]);
  expect(clustering?.members?.[0]?.toSorted()).toEqual(merged.toSorted());
  expect(readFileSync(at('run', 'report.html'), 'utf8')).toContain('a/b: &quot;shoes&quot;');

  // The same clustering keeps its edits; another one keeps those whose members agree.
  await model.cluster(images, { k: 3 });
  expect((await readEdits(at('run', 'edits.json')))?.version).toBe(1);
  expect(existsSync(at('run', 'edits.before.json'))).toBe(false);
  const notes: string[] = [];
  const again = await model.cluster(images, {
    ...{ k: 3, seed: 1, onNote: ({ message }: { message: string }) => notes.push(message) },
  });
  const kept = await readEdits(at('run', 'edits.json'));
  expect(kept?.key).toBe(editsKeyOf(again.stored));
  expect(kept?.done).toContainEqual({ type: 'junk', images: [junk], junk: true });
  expect((await readEdits(at('run', 'edits.before.json')))?.key).toBe(key);
  expect(notes.find((text) => text.startsWith('kept '))).toMatch(/1 junk image/);
});
