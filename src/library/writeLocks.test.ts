/** Two calls that would write the same results of a run at once. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { openImages, openModel } from '../likeness.ts';
import { clusteringFolderAt, lockClusters, lockRun, runFolderAt } from '../run/index.ts';
import { makeTinyRun } from './tinyPatches.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const folder = runFolderAt(at('run'));

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('pictures'), 24);
  await using images = await openImages(at('pictures'));
  await makeTinyRun(images, at('run'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

it('lets one of two clusterings of the same place in, and tells the other', async () => {
  const model = await openModel(at('run'));
  const both = await Promise.allSettled([
    model.cluster(at('pictures'), { k: 2 }),
    model.cluster(at('pictures'), { k: 3 }),
  ]);
  const [made] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [refused] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toMatchObject({
    code: 'run.locked',
    message:
      `The clustering in ${at('run')} is being written by process ${process.pid}. Wait until it ` +
      'has ended or stop it, or give this clustering a `name` of its own.',
  });
  const clusters = readFileSync(folder.files.clusters, 'utf8').trim().split('\n').slice(1);
  expect(new Set(clusters.map((row) => row.split(',')[1])).size).toBe(made!.k);
  expect(existsSync(folder.files.clustersLock)).toBe(false);
});

it('clusters beside a training, beside another name, and after a process that was killed', async () => {
  const model = await openModel(at('run'));
  const training = await lockRun(folder);
  mkdirSync(at('run', 'clusterings', 'coarse'), { recursive: true });
  const named = await lockClusters(clusteringFolderAt(folder, 'coarse'));
  const killed = { pid: process.pid, host: hostname(), started: 'boot/1' };
  writeFileSync(folder.files.clustersLock, JSON.stringify(killed));
  expect((await model.cluster(at('pictures'), { k: 2 })).k).toBe(2);
  training.release();
  named.release();
});

it('writes no report while the clusters are replaced', async () => {
  const model = await openModel(at('run'));
  const clustering = await model.cluster(at('pictures'), { k: 2 });
  const other = await lockClusters(folder);
  await expect(clustering.writeReport()).rejects.toMatchObject({ code: 'run.locked' });
  other.release();
});

it('lets one of two evaluations in', async () => {
  const model = await openModel(at('run'));
  const both = await Promise.allSettled([
    model.evaluate(at('pictures'), { labelFree: true }),
    model.evaluate(at('pictures'), { labelFree: true, seed: 1 }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((one) => one.status === 'rejected')!.reason).toMatchObject({
    code: 'run.locked',
    message:
      `${at('run')} is being evaluated by process ${process.pid}. Wait until it has ended or stop ` +
      'it.',
  });
  expect(existsSync(folder.files.evaluationLock)).toBe(false);
});
