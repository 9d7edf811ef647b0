/** The server answers while a large set of duplicates is grouped, which a worker does. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keyOfImages } from '../explore/compareImages.ts';
import { type StoredDuplicates, writeDuplicates } from '../explore/duplicatesFile.ts';
import { writeTinyRun } from '../explore/explore.cases.ts';
import { stampsOf } from '../explore/fileStamps.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import type { DuplicatesAnswer } from './protocol.ts';
import { port, requestsTo, token } from './requests.cases.ts';

/** Worker threads that have been started, and those that have not ended. */
const [started, working] = [new Set<Worker>(), new Set<Worker>()];
const seeWorker = (message: unknown) => {
  const { worker } = message as { readonly worker: Worker };
  started.add(worker);
  working.add(worker);
  worker.once('exit', () => working.delete(worker));
};

const folder = useTemporaryFolder();
let explorer: Explorer | undefined;
beforeEach(() => {
  vi.stubEnv('LIKENESS_CACHE', join(folder.path, 'cache'));
  subscribe('worker_threads', seeWorker);
});
afterEach(async () => {
  unsubscribe('worker_threads', seeWorker);
  await explorer?.close();
  vi.unstubAllEnvs();
});

/** Images of the run, and pairs of each with the next ones. */
const [IMAGES, NEXT] = [300, 120];

it('answers other requests while groups are made, and then the groups', async () => {
  const tiny = await writeTinyRun(folder.path, { count: IMAGES });
  const run = await openForPage(tiny.run);
  const stored: StoredDuplicates = {
    ...{ least: 0.8, compared: IMAGES, equal: [], stamps: await stampsOf(run) },
    pairs: Array.from({ length: IMAGES * NEXT }, (_, i) => {
      const a = Math.floor(i / NEXT);
      return { a, b: a + 1 + (i % NEXT), similarity: 0.99 - (i % NEXT) / 1000 };
    }).filter(({ b }) => b < IMAGES),
    images: tiny.ids.map((_, row) => ({
      ...{ row, width: 8, height: 8, sharpness: 1, bytes: 10, sameAs: row },
    })),
  };
  await writeDuplicates(join(tiny.run, 'duplicates.safetensors'), keyOfImages(run), stored);
  const opened = openExplorer({ cwd: folder.path });
  explorer = opened;
  await opened.show(run);
  const { get } = requestsTo(() =>
    createApp({
      ...{ explorer: opened, token, port, page: new Map(), closing: new AbortController().signal },
      report: (error) => expect.unreachable(String(error)),
    }),
  );
  // The worker that holds the features serves all requests: it is not one that groups.
  await vi.waitFor(() => expect(started.size).toBe(1));
  started.clear();
  working.clear();
  let isDone = false;
  const asked = get('/api/duplicates?threshold=0.8').finally(() => {
    isDone = true;
  });
  let answered = 0;
  while (!isDone) {
    const [grouping] = working;
    const paths = await get('/api/paths?rows=0');
    expect(paths.status).toBe(200);
    if (grouping !== undefined && working.has(grouping)) answered++;
    await turn();
  }
  expect(answered).toBeGreaterThan(10);
  const { near } = (await (await asked).json()) as DuplicatesAnswer;
  expect(near.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual([...tiny.ids.keys()]);
  // Asked again, nothing is computed.
  expect((await get('/api/duplicates?threshold=0.985')).status).toBe(200);
  expect(started.size).toBe(1);
});
