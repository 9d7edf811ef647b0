/** Serving the page of a run on this machine. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import {
  csvColumns,
  type Explorer,
  type JobAnswer,
  openExplorer,
  openForPage,
  openTrainings,
  prepare,
  type RunListing,
  readCsvTable,
} from '../explore/index.ts';
import { reporterFor } from '../library/images.ts';
import { openModel } from '../library/model.ts';
import { checkOptions, flag, path, wholeNumber } from '../library/options.ts';
import { createApp } from './app.ts';
import { ensurePage } from './buildPage.ts';
import { readPage } from './page.ts';
import { makeToken } from './security.ts';

export interface ExploreOptions extends ReporterOptions {
  /** Run that is opened. Default: the last run of the source, else none. */
  run?: string;
  /** Name of a clustering of the run. Default: that of the run's own images. */
  clustering?: string;
  /** Port on 127.0.0.1. Default 4807, or a free one where that is taken. */
  port?: number;
  /** Folder of a new run of the source. Default `runs/<date>-<way>-<source>`. */
  out?: string;
  /** Encoder of a new run, as `start` takes it. Default: patch features. */
  encoder?: string;
  /** Takes a model of the hub from the cache alone. */
  offline?: boolean;
  /** Number of clusters of a new clustering. Default: suggested. */
  k?: number;
  /**
   * CSV file whose columns color the map, with a column of paths relative to the source. Columns
   * of numbers, of ISO 8601 dates and of texts are told apart.
   */
  columns?: string;
  /** Folder whose runs are listed. Default: the working folder. */
  cwd?: string;
  /** Folder of the built page. Default: that of the package. */
  page?: string;
}

/** A page that is being served. */
export interface ExploreServer extends AsyncDisposable {
  /** Address of the page, such as `http://127.0.0.1:4807`. */
  readonly address: string;
  /** Path of the opened run; undefined where none is open yet. */
  run(): string | undefined;
  /** Runs that the page lists. */
  runs(): Promise<readonly RunListing[]>;
  /** Waits for the clusters of a new run, where they are being made. */
  ready(): Promise<void>;
  /** Ends jobs, streams and the server. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 4807;

/**
 * Serves the page of a run on 127.0.0.1: the map, the clusters, and everything that a person does
 * with them.
 *
 * A source without a run gets one, with patch features or the encoder that is named, while the page
 * is open already. Without a source and a run the page lists the runs that it finds.
 *
 * @example
 * const page = await explore('photos');
 * console.log(page.address);
 * await page.close();
 * @throws LikenessError `source.*`, `run.missing`, `columns.*`, `server.port` for a port that is
 * taken, `server.page` where the page was not built
 */
export async function explore(
  source?: string,
  options: ExploreOptions = {},
): Promise<ExploreServer> {
  checkOptions(
    {
      ...{ run: path(), clustering: path(), out: path(), encoder: path(), cwd: path() },
      ...{ page: path(), columns: path(), offline: flag, k: wholeNumber(1), port: portNumber },
    },
    options,
  );
  const { run, clustering, port, out, encoder, offline, k, columns, cwd, page: folder } = options;
  if (source !== undefined && run !== undefined) {
    throw new LikenessError(
      'option.invalid',
      'run: received a run and a source; expected one of them. A run knows its source.',
    );
  }
  const reporter = reporterFor(options);
  const token = makeToken();
  if (folder === undefined) await ensurePage(reporter);
  const page = await readPage(token, folder);
  const table = columns === undefined ? undefined : await readCsvTable(columns);
  const explorer = openExplorer({ table, ...(cwd !== undefined && { cwd }) });
  const closing = new AbortController();
  let closeSource = async () => {};
  let first: JobAnswer | undefined;
  try {
    if (run !== undefined) {
      await explorer.show(await openForPage(run, clustering === undefined ? {} : { clustering }));
    } else if (source !== undefined) {
      const { signal } = reporter;
      const prepared = await prepare(explorer, source, { out, encoder, offline, k, cwd, signal });
      closeSource = prepared.close;
      first = prepared.job;
    }
    if (table && (run ?? source) !== undefined) csvColumns(table, explorer.current().ids);
    let listening = 0;
    const app = createApp({
      ...{ explorer, page, token, closing: closing.signal, port: () => listening },
      report: (error) =>
        reporter.warn({ code: 'server.defect', message: `internal error: ${reasonOf(error)}` }),
      cluster: (k) => clusterAgain(explorer, k),
      trainings: openTrainings(explorer, cwd === undefined ? {} : { cwd }),
    });
    const server = await listen(app.fetch, port);
    listening = portOf(server);
    const ready = finished(explorer, first, reporter);
    ready.catch(() => {}); // reported to whoever waits
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= (async () => {
        closing.abort();
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await explorer.close();
        await closeSource();
      })();
      return closed;
    };
    return {
      address: `http://127.0.0.1:${listening}`,
      run: () => openRunPath(explorer),
      runs: async () => (await explorer.runs()).runs,
      ready: () => ready,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await explorer.close();
    await closeSource();
    throw error;
  }
}

const portError = 'expected a port from 1 to 65535';
const portNumber = z
  .int({ error: portError })
  .min(1, { error: portError })
  .max(65_535, { error: portError })
  .optional();

function openRunPath(explorer: Explorer): string | undefined {
  try {
    return explorer.current().folder?.path;
  } catch {
    return undefined;
  }
}

/** Waits for a job, with its progress. @throws LikenessError `explore.failed` with its reason */
function finished(
  explorer: Explorer,
  job: JobAnswer | undefined,
  reporter: ReturnType<typeof reporterFor>,
): Promise<void> {
  if (!job) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const unlisten = explorer.listen(({ kind, data }) => {
      if (kind !== 'job' || data.id !== job.id) return;
      const { state, text, done, total } = data;
      if (state === 'running') {
        reporter.progress({ stage: data.kind, text, ...(done !== undefined && { done, total }) });
        return;
      }
      unlisten();
      if (state === 'done') resolve();
      else reject(new LikenessError('explore.failed', text));
    });
  });
}

function clusterAgain(explorer: Explorer, k: number | undefined): JobAnswer {
  const { folder, source, sourcePath, clustering: name, clusters } = explorer.current();
  if (!folder) throw new LikenessError('explore.noRun', 'The features are still being learned.');
  if (!source) {
    throw new LikenessError('source.missing', `The images are not at ${sourcePath} any more.`);
  }
  return explorer.job('cluster', 'clustering', async ({ signal, progress }) => {
    const model = await openModel(folder.path);
    const options = { k, name, algorithm: clusters?.stored.algorithm };
    await model.cluster(source.images, { ...options, signal, onProgress: progress });
    await explorer.show(
      await openForPage(folder.path, name === undefined ? {} : { clustering: name }),
    );
    return { text: 'the clusters are ready' };
  });
}

type Fetch = Parameters<typeof serve>[0]['fetch'];

/** Listens on a port; without one on the default, or on any free one where that is taken. */
async function listen(fetch: Fetch, port: number | undefined): Promise<Server> {
  try {
    return await listenAt(fetch, port ?? DEFAULT_PORT);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port === undefined && code === 'EADDRINUSE') return listenAt(fetch, 0);
    throw new LikenessError(
      'server.port',
      `port: cannot listen on ${port ?? DEFAULT_PORT}: ${reasonOf(error)}. Choose another port.`,
    );
  }
}

async function listenAt(fetch: Fetch, port: number): Promise<Server> {
  const server = serve({ fetch, hostname: '127.0.0.1', port }) as Server;
  if (!server.listening) await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
