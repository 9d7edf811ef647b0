/** Pictures and dates over HTTP, without a socket. */
import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TinyRun, writeTinyRun } from '../explore/explore.cases.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';

const folder = useTemporaryFolder();
let tiny: TinyRun;
let explorer: Explorer;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  tiny = await writeTinyRun(folder.path);
  explorer = openExplorer({ cwd: folder.path });
  await explorer.show(await openForPage(tiny.run));
  app = createApp({
    ...{ explorer, token: 'a'.repeat(64), closing: new AbortController().signal },
    ...{ port: () => 4807, page: new Map() },
    report: (error) => {
      throw error;
    },
  });
});
afterEach(() => explorer.close());

const host = '127.0.0.1:4807';
const get = async (path: string, given: Record<string, string> = {}) =>
  app.request(`http://${host}${path}`, { headers: { host, ...given } });

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
