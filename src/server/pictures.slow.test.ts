/** Pictures and dates over HTTP, without a socket. */
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TinyRun, writeTinyRun } from '../explore/explore.cases.ts';
import { type Explorer, openExplorer, openForPage, readCsvTable } from '../explore/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import { headers, type JobAnswer, type RunAnswer } from './protocol.ts';
import { port, requestsTo, token } from './requests.cases.ts';

const folder = useTemporaryFolder();
let tiny: TinyRun;
let explorer: Explorer;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  tiny = await writeTinyRun(folder.path);
  const file = join(folder.path, 'places.csv');
  await writeFile(file, `path,place\n${tiny.ids[0]},=town\n${tiny.ids[2]},sea\n`);
  explorer = openExplorer({ cwd: folder.path, table: await readCsvTable(file) });
  await explorer.show(await openForPage(tiny.run));
  app = createApp({
    ...{ explorer, token, closing: new AbortController().signal },
    ...{ port, page: new Map() },
    report: (error) => {
      throw error;
    },
  });
});
afterEach(() => explorer.close());

const { get, post } = requestsTo(() => app);

describe('pictures', () => {
  it('sends a picture again only where its file has changed', async () => {
    const first = await get('/api/pictures/4?side=64');
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const same = await get('/api/pictures/4?side=64', { 'if-none-match': etag });
    expect([same.status, (await same.arrayBuffer()).byteLength]).toEqual([304, 0]);
    const file = join(tiny.photos, tiny.ids[4]!);
    const { atime, mtime } = await stat(file);
    const pixels = { width: 9, height: 9, channels: 3, background: 'green' } as const;
    await writeFile(file, await sharp({ create: pixels }).png().toBuffer());
    await utimes(file, atime, mtime);
    const changed = await get('/api/pictures/4?side=64', { 'if-none-match': etag });
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false]);
    expect((await sharp(await changed.arrayBuffer()).metadata()).width).toBe(9);
  });
});

describe('dates', () => {
  it('are a column of float64, and one of the tables that are taken away', async () => {
    const file = join(tiny.photos, tiny.ids[3]!);
    const pixels = { width: 9, height: 9, channels: 3, background: 'green' } as const;
    const made = sharp({ create: pixels }).withExif({
      IFD2: { DateTimeOriginal: '2021:03:04 05:06:07', OffsetTimeOriginal: '+00:00' },
    });
    await writeFile(file, await made.png().toBuffer());
    const answer = await get('/api/columns/date');
    expect(answer.headers.get(headers.dtype)).toBe('float64');
    const days = new Float64Array(await answer.arrayBuffer());
    expect(days[3]! * 86_400_000).toBeCloseTo(Date.UTC(2021, 2, 4, 5, 6, 7), 3);
    const dated = new Int32Array(await (await get('/api/columns/dated')).arrayBuffer());
    expect([dated[2], dated[3]]).toEqual([1, 0]);
    const { key } = explorer.current();
    const ended = new Promise<JobAnswer>((resolve) => {
      explorer.listen(({ kind, data }) => {
        if (kind === 'job' && data.state !== 'running') resolve(data);
      });
    });
    const started = await post('/api/takeaway', { key, what: 'csv', images: [2, 3] });
    expect(started.status).toBe(202);
    const { id, state, text } = await ended;
    expect([state, text]).toEqual(['done', '2 images as csv']);
    const lines = (await readFile(explorer.download(id)!.path, 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('path,cluster,confidence,margin,date');
    const { mtime } = await stat(join(tiny.photos, tiny.ids[2]!));
    expect(lines.slice(1).map((line) => line.split(',').at(-1))).toEqual([
      ...[mtime.toISOString(), '2021-03-04T05:06:07.000Z'],
    ]);
  });
});

describe('columns of a CSV file', () => {
  it('follow those of the run', async () => {
    const { columns } = (await (await get('/api/run')).json()) as RunAnswer;
    const kind = { kind: 'category', values: ['=town', 'sea'] };
    expect(columns.at(-1)).toEqual({ name: 'csv-0', title: 'place', ...kind });
    const answer = await get('/api/columns/csv-0');
    expect(answer.headers.get(headers.dtype)).toBe('int32');
    const values = [...new Int32Array(await answer.arrayBuffer())];
    expect(values.slice(0, 4)).toEqual([0, -1, 1, -1]);
    expect((await get('/api/columns/csv-1')).status).toBe(404);
    expect((await get('/api/columns/csv-0x')).status).toBe(400);
  });
});
