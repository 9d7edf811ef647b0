/** A run made of a checkpoint, and everything that is done with it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { importModel, inspect, type Model, openModel } from '../likeness.ts';
import { readClusters } from '../run/index.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const checkpoint = new URL('../../test/fixtures/checkpoints/moco.pth', import.meta.url).pathname;

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('pictures'), 24);
  await writeTextures(at('others'), 12);
});
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

/** Compares the files of clusters with clusters.csv. */
async function clustersAreExported(model: Model): Promise<void> {
  const rows = (await readClusters(at('run', 'clusters.csv'))).map(({ path, cluster }) => ({
    ...{ path, cluster },
  }));
  expect(await model.exportClusters(at('out', 'groups.csv'))).toEqual({
    ...{ file: at('out', 'groups.csv'), format: 'csv', images: 24, k: 3 },
  });
  expect(readFileSync(at('out', 'groups.csv'))).toEqual(readFileSync(at('run', 'clusters.csv')));
  await model.exportClusters(at('out', 'groups.parquet'));
  const file = await asyncBufferFromFile(at('out', 'groups.parquet'));
  const table = await parquetReadObjects({ file });
  expect(Object.keys(table[0]!)).toEqual(['id', 'cluster', 'confidence', 'margin']);
  expect(table.map(({ id, cluster }) => ({ path: id, cluster }))).toEqual(rows);
  await model.exportClusters(at('out', 'groups.json'));
  const coco = JSON.parse(readFileSync(at('out', 'groups.json'), 'utf8'));
  expect(coco.categories.map(({ name }: { name: string }) => name)).toEqual([
    ...['cluster 0', 'cluster 1', 'cluster 2'],
  ]);
  const names = new Map<number, string>(
    coco.images.map(({ id, file_name }: { id: number; file_name: string }) => [id, file_name]),
  );
  const found = coco.annotations.map((one: { image_id: number; category_id: number }) => ({
    ...{ path: names.get(one.image_id), cluster: one.category_id - 1 },
  }));
  expect(found).toEqual(rows);
  const { images, k } = await model.exportClusters(at('out', 'others.json'), {
    clustering: 'others',
  });
  expect([images, k]).toEqual([12, 2]);
  await expect(model.exportClusters(at('out', 'a.txt'))).rejects.toMatchObject({
    code: 'export.format',
  });
  const none = { clustering: 'none' };
  await expect(model.exportClusters(at('out', 'a.csv'), none)).rejects.toMatchObject({
    code: 'clustering.missing',
  });
}

it('clusters, assigns, embeds and exports as any other run', async () => {
  const notes: string[] = [];
  const made = await importModel(checkpoint, {
    ...{ out: at('run'), size: 32, onNote: ({ message }) => notes.push(message) },
  });
  expect(made).toMatchObject({ network: 'resnet10 of width 4', imageSize: 32, dimension: 32 });
  expect(notes[0]).toBe('resnet10 of width 4 under "state_dict: encoder_q", for images of 32 px');
  const model = await openModel(at('run'));
  expect(model).toMatchObject({ kind: 'features', method: 'model', step: 0 });
  expect(model.config.notes).toEqual(notes);
  expect(await inspect(at('run'))).toMatchObject({ facts: { model: 'moco', dimension: 32 } });

  // The first images are the run's own, and others get a place of their own.
  await using groups = await model.cluster(at('pictures'), { k: 2 });
  expect([groups.name, groups.images.length]).toEqual([undefined, 24]);
  expect(existsSync(await groups.writeReport())).toBe(true);
  await using others = await model.cluster(at('others'), { k: 2 });
  expect(others.name).toBe('others');
  await using again = await model.cluster(at('pictures'), { k: 3 });
  expect([again.name, again.k]).toEqual([undefined, 3]);
  const assigned = await model.assign([at('pictures')]);
  expect(assigned.length).toBe(24);
  await clustersAreExported(await openModel(at('run')));
  const { dimension, check } = await model.exportOnnx();
  expect(dimension).toBe(32);
  expect(check.largestDifference).toBeLessThan(1e-4);
}, 300_000);

it('writes nothing where the run cannot be made', async () => {
  await expect(importModel(checkpoint, { out: at('run') })).rejects.toMatchObject({
    code: 'run.exists',
  });
  const text = at('pictures.txt');
  await expect(importModel(text, { out: at('none') })).rejects.toMatchObject({
    code: 'import.missing',
  });
  expect(existsSync(at('none'))).toBe(false);
  const options = { out: at('none'), std: [0, 1, 1] as const };
  await expect(importModel(checkpoint, options)).rejects.toThrow(/std: .*expected three numbers/);
  expect(readFileSync(at('run', 'config.json'), 'utf8')).toContain('"checkpoint"');
});
