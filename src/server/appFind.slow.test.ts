/** Routes of search, duplicates and outliers, without a socket. */
import { existsSync } from 'node:fs';
import { copyFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { draw, sceneOf } from '../duplicates/pictures.cases.ts';
import { type TinyRun, writeTinyRun } from '../explore/explore.cases.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import {
  type DuplicateImageAnswer,
  type DuplicatesAnswer,
  headers,
  type JobAnswer,
  type OutliersAnswer,
  type SearchAnswer,
} from './protocol.ts';
import { codeOf, port, requestsTo, token } from './requests.cases.ts';

const folder = useTemporaryFolder();
let tiny: TinyRun;
let explorer: Explorer;
let app: ReturnType<typeof createApp>;
const defects: unknown[] = [];

/** Row of an image of the tiny run. */
const row = (id: string) => tiny.ids.indexOf(id);
const [first, again, copy, small] = [
  ...['sea/photo-000.png', 'sea/photo-002.png', 'sea/photo-004.png', 'town/photo-001.png'],
] as const;

beforeEach(async () => {
  vi.stubEnv('LIKENESS_CACHE', join(folder.path, 'cache'));
  tiny = await writeTinyRun(folder.path);
  const place = (id: string) => join(tiny.photos, id);
  const scene = sceneOf(2);
  const { width, height, pixels } = draw(scene, 160, 120);
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  await writeFile(place(first), png);
  await copyFile(place(first), place(copy));
  // The same pixels in other bytes, and a smaller copy.
  await writeFile(place(again), await sharp(png).png({ compressionLevel: 1 }).toBuffer());
  await writeFile(place(small), await sharp(png).resize(80, 60).png().toBuffer());
  for (const [i, id] of [copy, first, again].entries()) {
    await utimes(place(id), 1_000_000 + i, 1_000_000 + i);
  }
  await open();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await explorer.close();
  expect(defects.splice(0)).toEqual([]);
});

async function open(): Promise<void> {
  explorer = openExplorer({ cwd: folder.path });
  await explorer.show(await openForPage(tiny.run));
  app = createApp({
    ...{ explorer, token, closing: new AbortController().signal, port },
    page: new Map(),
    report: (error) => void defects.push(error),
  });
}

const { get, post } = requestsTo(() => app);
const keyed = (more: object = {}) => ({ key: explorer.current().key, ...more });

/** Waits for the end of a job, whose end may come before or after its answer. */
async function finished(start: () => Promise<Response>): Promise<JobAnswer> {
  const ended = new Map<number, JobAnswer>();
  let look = () => {};
  const unlisten = explorer.listen(({ kind, data }) => {
    if (kind === 'job' && data.state !== 'running') ended.set(data.id, data);
    look();
  });
  const answer = await start();
  expect(answer.status).toBe(202);
  const { id } = (await answer.json()) as JobAnswer;
  const job = await new Promise<JobAnswer>((resolve) => {
    look = () => {
      const found = ended.get(id);
      if (found) resolve(found);
    };
    look();
  });
  unlisten();
  return job;
}
const compare = () => finished(() => post('/api/duplicates', keyed()));
const duplicates = async (query = 'threshold=0.9') =>
  (await (await get(`/api/duplicates?${query}`)).json()) as DuplicatesAnswer;

describe('duplicates', () => {
  it('are compared in a job, stored, and grouped at any threshold', async () => {
    expect(await duplicates()).toBeNull();
    expect(await codeOf(await get('/api/duplicates/images'))).toBe('explore.noDuplicates');
    expect(await compare()).toMatchObject({ kind: 'duplicates', state: 'done' });
    const found = await duplicates();
    expect(found).toMatchObject({ least: 0.8, compared: 24, gone: 0, changed: false });
    // The other images of the tiny run are flat, and their colors differ.
    expect(found.exact.map(({ rows }) => rows)).toEqual([[row(copy), row(first)]]);
    expect(found.near.map(({ rows }) => rows)).toEqual([
      [row(copy), row(first), row(again), row(small)],
    ]);
    const [{ worst }] = found.near as [(typeof found.near)[number]];
    expect([worst.a, worst.b]).toContain(row(small));
    const strict = await duplicates('threshold=1');
    expect(strict.near.map(({ rows }) => rows)).toEqual([[row(copy), row(first), row(again)]]);
    expect((await duplicates('threshold=0.9&keep=newest')).near[0]!.rows[0]).not.toBe(row(copy));
    expect((await duplicates('threshold=0.9&prefer=town')).near[0]!.rows[0]).toBe(row(small));

    const images = (await (await get('/api/duplicates/images')).json()) as DuplicateImageAnswer[];
    expect(images.map((image) => image.row)).toEqual(
      [row(first), row(again), row(copy), row(small)].sort((a, b) => a - b),
    );
    expect(images.find((image) => image.row === row(copy))).toMatchObject({
      ...{ path: copy, width: 160, height: 120, modified: 1e9, isPage: false },
    });

    // Another process on the same run has them at once.
    await explorer.close();
    await open();
    expect(await duplicates()).toEqual(found);
  });

  it('follow files that are moved into a trash folder, back, and changed', async () => {
    await compare();
    const moved = await finished(() => {
      const images = [row(first), row(again)];
      return post(
        '/api/takeaway',
        keyed({ what: 'trash', images, folder: join(folder.path, 'trash') }),
      );
    });
    expect(moved).toMatchObject({ kind: 'trash', state: 'done', text: '2 files moved' });
    const after = await duplicates();
    expect(after).toMatchObject({ exact: [], gone: 2, changed: false });
    expect(after.near.map(({ rows }) => rows)).toEqual([[row(copy), row(small)]]);
    await finished(() => post('/api/restore', { folder: join(folder.path, 'trash') }));
    expect(await duplicates()).toMatchObject({ gone: 0, changed: false });
    await explorer.close();
    await writeFile(join(tiny.photos, copy), 'other bytes');
    await open();
    expect((await duplicates()).changed).toBe(true);
  });

  it('keep decisions beside the run, which are undone and seen by another process', async () => {
    await compare();
    const decide = (version: number, decision: object) =>
      post('/api/edits', keyed({ version, operations: [{ type: 'duplicates', ...decision }] }));
    const decided = async () => {
      const { kept, moved } = await duplicates();
      return [kept.map((one) => tiny.ids[one]), moved.map((one) => tiny.ids[one])];
    };
    expect(await decided()).toEqual([[], []]);
    expect(await (await decide(0, { keep: [row(small)], move: [row(copy)] })).json()).toEqual({
      ...{ version: 1, undo: 'keep 1 of 2 duplicates' },
    });
    expect(await decided()).toEqual([[small], [copy]]);
    // A window that has not seen the decision cannot overwrite it.
    expect((await decide(0, { byRule: [row(small)] })).status).toBe(409);
    const clusters = await explorer.column('cluster');
    await explorer.close();
    await open();
    expect(await decided()).toEqual([[small], [copy]]);
    expect((await explorer.column('cluster')).data).toEqual(clusters.data);
    expect((await decide(1, { byRule: [row(copy)] })).status).toBe(200);
    expect(await decided()).toEqual([[small], []]);
    await post('/api/undo', keyed({ version: 2 }));
    expect(await decided()).toEqual([[small], [copy]]);
    await post('/api/undo', keyed({ version: 3 }));
    expect(await decided()).toEqual([[], []]);
    expect((await decide(4, { keep: [] })).status).toBe(400);
  });

  it('are shown where the images have moved, and not compared', async () => {
    await compare();
    const found = await duplicates();
    await explorer.close();
    await rename(tiny.photos, `${tiny.photos}-moved`);
    await open();
    expect(await duplicates()).toEqual(found);
    const job = await compare();
    expect(job).toMatchObject({ state: 'failed' });
    expect(job.text).toContain('The images are not at');
  });

  it('are compared once at a time, and not after a cancel', async () => {
    const job = await finished(async () => {
      const answer = await post('/api/duplicates', keyed());
      const { id } = (await answer.clone().json()) as JobAnswer;
      const shown = (await (await get('/api/duplicates?threshold=0.9')).json()) as JobAnswer;
      expect(shown).toMatchObject({ id, kind: 'duplicates', state: 'running' });
      const second = (await (await post('/api/duplicates', keyed())).json()) as JobAnswer;
      expect(second.id).toBe(id);
      await post(`/api/jobs/${id}/cancel`, {});
      return answer;
    });
    expect(job).toMatchObject({ state: 'cancelled' });
    expect(existsSync(join(tiny.run, 'duplicates.safetensors'))).toBe(false);
    expect(await duplicates()).toBeNull();
  });
});

describe('outliers', () => {
  it('are ranked by a job, stored, and answered', async () => {
    expect(await finished(() => get('/api/outliers'))).toMatchObject({
      ...{ kind: 'outliers', state: 'done' },
    });
    const found = (await (await get('/api/outliers')).json()) as OutliersAnswer;
    expect(found).toMatchObject({ neighbor: 10, total: 24, key: explorer.current().key });
    expect(found.images).toHaveLength(24);
    const distances = found.images.map(({ distance }) => distance);
    expect(distances).toEqual(distances.toSorted((a, b) => b - a));
    // The clusters of six have no tenth member, so their images lie far from it.
    const last = found.images.slice(-12).map((image) => tiny.clusters[image.row]);
    expect(new Set(last)).toEqual(new Set([2]));
    await explorer.close();
    await open();
    expect(await (await get('/api/outliers')).json()).toEqual(found);
  });
});

describe('search', () => {
  it('stays in a folder, and names folders', async () => {
    const ask = async (query: string) =>
      (await (await get(`/api/search?${query}`)).json()) as SearchAnswer;
    const all = await ask('q=');
    expect(all.folders).toEqual([
      { path: 'sea', images: 12 },
      { path: 'town', images: 12 },
    ]);
    const sea = await ask('q=&folder=sea');
    expect(sea.rows.map((one) => tiny.ids[one]!.slice(0, 4))).toEqual(Array(12).fill('sea/'));
    expect(await ask('q=photo-001&folder=sea')).toMatchObject({ total: 0 });
  });
});

describe('requests that are refused', () => {
  it.each<[string, number, string, () => Promise<Response>]>([
    [
      'another host',
      403,
      'server.host',
      () => get('/api/duplicates?threshold=0.9', { host: 'evil.example' }),
    ],
    ['another origin', 403, 'server.origin', () => get('/api/outliers', { origin: 'http://e.x' })],
    [
      'no token',
      403,
      'server.token',
      () => post('/api/duplicates', keyed(), { [headers.token]: '' }),
    ],
    ['another run', 409, 'edits.version', () => post('/api/duplicates', { key: 'other' })],
    ['no key', 400, 'server.request', () => post('/api/duplicates', {})],
    ['no threshold', 400, 'server.request', () => get('/api/duplicates')],
    ['a threshold that is none', 400, 'server.request', () => get('/api/duplicates?threshold=1e0')],
    ['a threshold above 1', 400, 'server.request', () => get('/api/duplicates?threshold=1.5')],
    [
      'an unknown rule',
      400,
      'server.request',
      () => get('/api/duplicates?threshold=0.9&keep=__proto__'),
    ],
    ['an unknown query', 400, 'server.request', () => get('/api/outliers?n=9')],
    [
      'a long folder',
      400,
      'server.request',
      () => get(`/api/search?q=a&folder=${'a'.repeat(4097)}`),
    ],
    [
      'a large body',
      413,
      'server.tooLarge',
      () => post('/api/duplicates', { key: 'x'.repeat(2 ** 25) }),
    ],
  ])('%s', async (_, status, code, send) => {
    const answer = await send();
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });

  it('a threshold below the lowest that was compared', async () => {
    await compare();
    const answer = await get('/api/duplicates?threshold=0.7');
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'explore.threshold']);
  });
});
