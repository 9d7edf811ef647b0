/** Routes of the page, without a socket. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBuffer } from 'yauzl';
import { hostileNames, type TinyRun, writeTinyRun } from '../explore/explore.cases.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { readEdits } from '../run/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import { headers, type JobAnswer, type RunAnswer } from './protocol.ts';
import { codeOf, host, port, requestsTo, token } from './requests.cases.ts';

const folder = useTemporaryFolder();
let tiny: TinyRun;
let explorer: Explorer;
let app: ReturnType<typeof createApp>;
const closing = new AbortController();
const defects: unknown[] = [];

beforeEach(async () => {
  tiny = await writeTinyRun(folder.path, { names: hostileNames });
  explorer = openExplorer({ cwd: folder.path });
  await explorer.show(await openForPage(tiny.run));
  const index = { bytes: new Uint8Array(Buffer.from('<p>')), type: 'text/html', isHashed: false };
  app = createApp({
    ...{ explorer, token, closing: closing.signal, port },
    page: new Map([['/', index]]),
    report: (error) => void defects.push(error),
  });
});
afterEach(async () => {
  await explorer.close();
  expect(defects.splice(0)).toEqual([]);
});

const { get, post } = requestsTo(() => app);
const overview = async () => (await (await get('/api/run')).json()) as RunAnswer;

async function column(name: string): Promise<number[]> {
  const answer = await get(`/api/columns/${name}`);
  expect(answer.headers.get(headers.key)).toBe(explorer.current().key);
  const bytes = await answer.arrayBuffer();
  const isInt = answer.headers.get(headers.dtype) === 'int32';
  return [...(isInt ? new Int32Array(bytes) : new Float32Array(bytes))];
}

/** Waits for the end of a job by its events. */
async function finished(answer: Response): Promise<JobAnswer> {
  expect(answer.status).toBe(202);
  const { id } = (await answer.json()) as JobAnswer;
  return new Promise((resolve) => {
    const look = () => overview().then(({ jobs }) => jobs.find((job) => job.id === id)!);
    const unlisten = explorer.listen(({ kind, data }) => {
      if (kind !== 'job' || data.id !== id || data.state === 'running') return;
      unlisten();
      resolve(data);
    });
    void look().then((job) => {
      if (job.state !== 'running') resolve(job);
    });
  });
}

describe('reading', () => {
  it('describes the run', async () => {
    const run = await overview();
    expect(run).toMatchObject({
      ...{ name: 'tiny', method: 'patches', state: 'features', images: 24, writable: true },
      source: { name: 'photos', found: true, isFolder: true },
      ...{ kReason: 'As a test.', edits: { version: 0 } },
    });
    expect(run.clusters.map(({ size }) => size)).toEqual([6, 6, 12]);
    for (const { cluster, typical, cohesion } of run.clusters) {
      expect(cohesion).toBeGreaterThan(0.5);
      for (const row of typical) expect(tiny.clusters[row]).toBe(cluster);
    }
    const { runs } = (await (await get('/api/runs')).json()) as { runs: object[] };
    expect(runs).toMatchObject([{ name: 'tiny', path: join('runs', 'tiny'), clusters: 3 }]);
  });

  it('follows a clustering by another process', async () => {
    const { key } = explorer.current();
    await writeTinyRun(folder.path, { names: hostileNames, k: 2 });
    const run = await overview();
    expect(run.clusters).toHaveLength(2);
    expect(run.key).not.toBe(key);
  });

  it('sends columns by row', async () => {
    expect(await column('cluster')).toEqual([...tiny.clusters]);
    const [order, width, bytes] = [
      await column('order'),
      await column('width'),
      await column('bytes'),
    ];
    const first = order.flatMap((rank, row) => (rank === 0 ? [row] : []));
    expect(first.map((row) => tiny.clusters[row]).sort()).toEqual([0, 1, 2]);
    const { size } = await stat(join(tiny.photos, tiny.ids[5]!));
    expect(bytes[5]).toBe(size);
    const { width: real } = await sharp(join(tiny.photos, tiny.ids[5]!)).metadata();
    expect(width[5]).toBe(real);
    const second = await column('second');
    expect(second.every((other, row) => other !== tiny.clusters[row])).toBe(true);
    expect((await get('/api/columns/label')).status).toBe(404);
  });

  it('finds paths, words, similar images and reasons', async () => {
    const paths = (await (await get('/api/paths?rows=0,23')).json()) as { path: string }[];
    expect(paths.map(({ path }) => path)).toEqual([tiny.ids[0], tiny.ids[23]]);
    const found = (await (await get('/api/search?q=TOWN%20photo')).json()) as { rows: number[] };
    expect(found.rows).toEqual([...tiny.ids.keys()].filter((row) => /town/.test(tiny.ids[row]!)));
    const near = (await (await get('/api/similar/2?n=5')).json()) as { row: number }[];
    expect(near.map(({ row }) => tiny.clusters[row])).toEqual(Array(5).fill(tiny.clusters[2]));
    const why = (await (await get('/api/why/2')).json()) as { text: string[]; second: object };
    expect(why.text.join(' ')).toMatch(/The second choice is cluster \d/);
    expect(why.second).toBeDefined();
  });

  it('draws pictures of names that are hostile', async () => {
    for (const name of hostileNames) {
      const row = tiny.ids.indexOf(name);
      const answer = await get(`/api/pictures/${row}?side=64`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
      const { width } = await sharp(await answer.arrayBuffer()).metadata();
      expect(width).toBeLessThanOrEqual(64);
      const original = await get(`/api/originals/${row}`);
      expect(original.headers.get('content-type')).toBe('image/png');
      expect(Buffer.from(await original.arrayBuffer())).toEqual(
        await readFile(join(tiny.photos, name)),
      );
    }
  });

  it('stays open when the source has moved', async () => {
    await rename(tiny.photos, `${tiny.photos}-moved`);
    await explorer.show(await openForPage(tiny.run));
    expect((await overview()).source).toMatchObject({ found: false, path: tiny.photos });
    expect(await column('cluster')).toEqual([...tiny.clusters]);
    expect(await codeOf(await get('/api/pictures/0'))).toBe('source.missing');
  });
});

describe('edits', () => {
  it('are stored at once, undone, redone, and refused to a second window', async () => {
    const { key } = explorer.current();
    const edit = (version: number, operations: object[]) =>
      post('/api/edits', { key, version, operations });
    const name = { type: 'name', cluster: 2, name: 'boats' };
    const merge = { type: 'merge', clusters: [1], into: 2 };
    expect(await (await edit(0, [name, merge])).json()).toEqual({
      ...{ version: 1, undo: 'merge 1 into 2' },
    });
    const stored = await readEdits(join(tiny.run, 'edits.json'));
    expect(stored?.done).toEqual([name, merge]);
    expect((await overview()).clusters.map(({ cluster, name: given }) => [cluster, given])).toEqual(
      [
        [0, undefined],
        [2, 'boats'],
      ],
    );
    const late = await edit(0, [name]);
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({ version: 1, error: { code: 'edits.version' } });
    expect((await post('/api/undo', { key, version: 1 })).status).toBe(200);
    expect(await column('cluster')).toEqual([...tiny.clusters]);
    expect((await post('/api/redo', { key, version: 2 })).status).toBe(200);
    expect(new Set(await column('cluster'))).toEqual(new Set([0, 2]));
    const junk = { type: 'junk', images: [0], junk: true };
    await edit(3, [junk]);
    expect((await column('cluster'))[0]).toBe(-2);
    expect((await readEdits(join(tiny.run, 'edits.json')))?.done.at(-1)).toEqual({
      ...{ type: 'junk', images: [tiny.ids[0]], junk: true },
    });
  });

  it('take the changes of another process into account', async () => {
    const other = openExplorer({ cwd: folder.path });
    await other.show(await openForPage(tiny.run));
    await other.edit({ version: 0, change: [{ type: 'name', cluster: 0, name: 'other' }] });
    const { key } = explorer.current();
    const operations = [{ type: 'name', cluster: 1, name: 'mine' }];
    const late = await post('/api/edits', { key, version: 0, operations });
    expect(await late.json()).toMatchObject({ version: 1 });
    expect((await post('/api/edits', { key, version: 1, operations })).status).toBe(200);
    expect((await overview()).clusters.map((cluster) => cluster.name)).toEqual([
      ...['other', 'mine', undefined],
    ]);
    await other.close();
  });

  it('are told to everybody who listens', async () => {
    const told: string[] = [];
    explorer.listen(({ kind }) => void told.push(kind));
    const { key } = explorer.current();
    const operations = [{ type: 'lock', cluster: 1, locked: true }];
    await post('/api/edits', { key, version: 0, operations });
    expect(told).toEqual(['edits']);
  });

  it('of a split are suggested by features', async () => {
    const { key } = explorer.current();
    const answer = await post('/api/split', { key, cluster: 2, parts: 2 });
    const { parts } = (await answer.json()) as { parts: number[][] };
    expect(parts.flat().sort((a, b) => a - b)).toEqual(
      [...tiny.clusters.keys()].filter((row) => tiny.clusters[row] === 2),
    );
  });
});

describe('taking away', () => {
  const take = async (what: string, more: object = {}) =>
    finished(
      await post('/api/takeaway', { key: explorer.current().key, what, images: 'all', ...more }),
    );

  it('writes tables, with edits', async () => {
    await explorer.edit({ version: 0, change: [{ type: 'name', cluster: 0, name: '=1+1' }] });
    const job = await take('csv', { images: [0, 1] });
    const text = await (await get(job.download!)).text();
    const [header, ...rows] = text.trim().split('\n');
    expect(header).toBe('path,cluster,confidence,margin,name,junk,date');
    expect(rows).toHaveLength(2);
    expect(text).toContain("'=1+1");
  });

  it('packs thumbnails', async () => {
    const job = await take('zip');
    const answer = await get(job.download!);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    const names: string[] = [];
    await new Promise<void>((resolve, reject) => {
      answer.arrayBuffer().then((bytes) =>
        fromBuffer(Buffer.from(bytes), (error, zip) => {
          if (error) return reject(error);
          zip.on('entry', ({ fileName }) => names.push(fileName)).on('end', resolve);
        }),
      );
    });
    expect(names).toHaveLength(24);
    expect(names.every((name) => /^cluster-00[012]\/[^/]+\.webp$/.test(name))).toBe(true);
  });

  it('writes a page that shows hostile names as text', async () => {
    const job = await take('html');
    const page = await (await get(job.download!)).text();
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;.png');
    expect(page).not.toContain('<img src=x');
    expect(page.match(/data:image\/webp/g)).toHaveLength(24);
  });

  it('sorts into folders outside of the source', async () => {
    const into = join(folder.path, 'sorted');
    expect(await take('folders', { folder: into, by: 'link' })).toMatchObject({ folder: into });
    expect((await readdir(into)).filter((name) => !name.startsWith('.'))).toHaveLength(3);
    const inside = await take('folders', { folder: join(tiny.photos, 'sorted') });
    expect(inside).toMatchObject({ state: 'failed' });
    expect(inside.text).toMatch(/lies in the source/);
  });

  it('moves files to a trash folder and back, with their dates', async () => {
    const [first] = tiny.ids;
    const before = join(tiny.photos, first!);
    await utimes(before, 1_000_000, 1_000_000);
    const trash = join(folder.path, 'trash');
    await take('trash', { images: [0, 1], folder: trash });
    expect(existsSync(before)).toBe(false);
    expect((await stat(join(trash, first!))).mtimeMs).toBe(1e9);
    await writeFile(join(tiny.photos, tiny.ids[1]!), 'another file of that name');
    const back = await finished(await post('/api/restore', { folder: trash }));
    expect(back).toMatchObject({ state: 'done', text: '1 file moved back' });
    expect((await stat(before)).mtimeMs).toBe(1e9);
    expect(existsSync(join(trash, tiny.ids[1]!))).toBe(true);
  });
});

describe('another run', () => {
  it('is opened and compared', async () => {
    const other = await writeTinyRun(folder.path, { name: 'other', k: 2, names: hostileNames });
    const answer = await get('/api/compare?run=other');
    const found = (await answer.json()) as { matrix: number[][]; common: number; moved: object[] };
    expect(found.common).toBe(24);
    const counts = [0, 1, 2].map((a) =>
      [0, 1].map(
        (b) => tiny.ids.filter((_, i) => tiny.clusters[i] === a && other.clusters[i] === b).length,
      ),
    );
    expect(found.matrix).toEqual(counts);
    const { key } = explorer.current();
    await post('/api/open', { run: 'other' });
    expect((await overview()).name).toBe('other');
    const late = await post('/api/undo', { key, version: 0 });
    expect([late.status, await codeOf(late)]).toEqual([409, 'edits.version']);
    expect((await post('/api/open', { run: '../../etc' })).status).toBe(404);
  });
});

describe('requests that are refused', () => {
  it.each<[string, number, string, () => Promise<Response>]>([
    ['another host', 403, 'server.host', () => get('/api/run', { host: 'evil.example:4807' })],
    ['another port', 403, 'server.host', () => get('/api/run', { host: '127.0.0.1:80' })],
    [
      'another origin',
      403,
      'server.origin',
      () => get('/api/run', { origin: 'http://evil.example' }),
    ],
    ['a null origin', 403, 'server.origin', () => post('/api/undo', {}, { origin: 'null' })],
    ['another site', 403, 'server.site', () => get('/', { 'sec-fetch-site': 'cross-site' })],
    ['a sister site', 403, 'server.site', () => get('/', { 'sec-fetch-site': 'same-site' })],
    ['no token', 403, 'server.token', () => post('/api/undo', {}, { [headers.token]: '' })],
    [
      'a wrong token',
      403,
      'server.token',
      () => post('/api/undo', {}, { [headers.token]: 'b'.repeat(64) }),
    ],
    ['a form', 415, 'server.type', () => post('/api/undo', '{}', { 'content-type': 'text/plain' })],
    ['no JSON', 400, 'server.request', () => post('/api/undo', '{')],
    [
      'an unknown field',
      400,
      'server.request',
      () => post('/api/undo', { key: '', version: 0, x: 1 }),
    ],
    ['an unknown query', 400, 'server.request', () => get('/api/run?x=1')],
    ['a query twice', 400, 'server.request', () => get('/api/search?q=a&q=b')],
    ['an unknown row', 404, 'explore.row', () => get('/api/pictures/24')],
    ['a negative row', 400, 'server.request', () => get('/api/pictures/-1')],
    ['a path as row', 400, 'server.request', () => get('/api/originals/..%2f..%2fetc%2fpasswd')],
    ['an unknown side', 400, 'server.request', () => get('/api/pictures/0?side=99999')],
    ['an unknown column', 400, 'server.request', () => get('/api/columns/__proto__')],
    ['too many paths', 400, 'server.request', () => get(`/api/paths?rows=${'1,'.repeat(2000)}1`)],
    ['a path to a file', 404, 'server.missing', () => get('/..%2f..%2fpackage.json')],
    ['a download of no job', 404, 'explore.job', () => get('/api/downloads/7')],
  ])('%s', async (_, status, code, send) => {
    const answer = await send();
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  });

  it('bodies that are too large', async () => {
    const answer = await post('/api/undo', 'x'.repeat(2 ** 25 + 1));
    expect([answer.status, await codeOf(answer)]).toEqual([413, 'server.tooLarge']);
    const said = await post('/api/similar', 'x', { 'content-length': String(2 ** 40) });
    expect(said.status).toBe(413);
  });

  it('methods that change things', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await app.request(`http://${host}/api/run`, { method, headers: { host } });
      expect([answer.status, await codeOf(answer)]).toEqual([405, 'server.method']);
    }
  });

  it('nothing is changed by any of them', async () => {
    await post('/api/undo', {}, { [headers.token]: '' });
    expect(existsSync(join(tiny.run, 'edits.json'))).toBe(false);
  });
});

describe('every answer', () => {
  it('has the headers that keep other sites out', async () => {
    for (const path of ['/', '/api/run', '/api/columns/cluster', '/api/pictures/0', '/none']) {
      const { headers: sent } = await get(path);
      expect(sent.get('content-security-policy')).toContain("script-src 'self'");
      expect(sent.get('content-security-policy')).not.toMatch(/unsafe|https?:/);
      expect(sent.get('x-content-type-options')).toBe('nosniff');
      expect(sent.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(sent.get('referrer-policy')).toBe('no-referrer');
    }
  });
});
