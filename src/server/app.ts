/** Routes of the page over an explorer. `app.request` tests them without a socket. */
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { LikenessError } from '../core/errors.ts';
import type { EditOperation, Explorer, Trainings } from '../explore/index.ts';
import { openRegular } from '../formats/index.ts';
import { binary } from './binary.ts';
import { eventStream, offsetOf } from './events.ts';
import type { PageFile } from './page.ts';
import { bodies, bodyOf, checked, params, queries, queryOf } from './requests.ts';
import { limitBody, MAX_JSON_BYTES, MAX_PICTURE_BYTES, security } from './security.ts';
import { addTrainRoutes } from './trainRoutes.ts';
import { addWatchRoutes } from './watchRoutes.ts';

export interface AppOptions {
  readonly explorer: Explorer;
  /** Files of the page by their URL paths. */
  readonly page: ReadonlyMap<string, PageFile>;
  readonly token: string;
  /** Port that the server listens on. */
  port(): number;
  /** Ends streams of events. */
  readonly closing: AbortSignal;
  /** Receives defects, which the page is not told of. */
  report(error: unknown): void;
  /** Clusters the opened run again. Absent where that is not offered. */
  cluster?(k: number | undefined): unknown;
  /** Trainings that the page may start. Absent where that is not offered. */
  readonly trainings?: Trainings;
}

/** Creates the routes. */
export function createApp(options: AppOptions): Hono {
  const { explorer, page, token, port, closing, report, cluster } = options;
  const app = new Hono();
  app.use(security({ port, token }));
  app.use('/api/similar', limitBody(MAX_PICTURE_BYTES));
  app.use('/api/*', async (c, next) => {
    // A picture has a limit of its own.
    if (c.req.path === '/api/similar') return next();
    return limitBody(MAX_JSON_BYTES)(c, next);
  });
  app.use('/api/*', async (c, next) => {
    c.header('cache-control', 'no-store');
    await next();
  });
  app.onError((error, c) => answerError(c, error, { explorer, report }));
  app.notFound((c) => {
    const message = `${c.req.path}: there is no such page`;
    return c.json({ error: { code: 'server.missing', message } }, 404);
  });

  app.get('/api/runs', async (c) => {
    queryOf(c, queries.none);
    return c.json(await explorer.runs());
  });
  app.get('/api/run', async (c) => {
    queryOf(c, queries.none);
    return c.json(await explorer.overview());
  });
  app.get('/api/columns/:name', async (c) => {
    queryOf(c, queries.none);
    return binary(await explorer.column(checked(params.column, c.req.param('name'), 'name')));
  });
  app.get('/api/layouts/:step', async (c) => {
    queryOf(c, queries.none);
    const found = await explorer.layout(checked(params.step, c.req.param('step'), 'step'));
    return 'data' in found ? binary(found) : c.json(found, 202);
  });
  app.get('/api/paths', (c) => c.json(explorer.paths(queryOf(c, queries.paths).rows)));
  app.get('/api/why/:row', async (c) => {
    queryOf(c, queries.none);
    return c.json(await explorer.why(rowOf(c)));
  });
  app.get('/api/search', (c) => {
    const { q, folder } = queryOf(c, queries.search);
    return c.json(explorer.search(q, folder));
  });
  app.get('/api/similar/:row', async (c) => {
    const { n } = queryOf(c, queries.similar);
    return c.json(await explorer.similar(rowOf(c), n));
  });
  app.post('/api/similar', async (c) => {
    const { n } = queryOf(c, queries.similar);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    return c.json(await explorer.similar(bytes, n));
  });
  app.get('/api/duplicates', async (c) => {
    const found = await explorer.duplicates(queryOf(c, queries.duplicates));
    return c.json(found, found && 'state' in found ? 202 : 200);
  });
  app.get('/api/duplicates/images', async (c) => {
    queryOf(c, queries.none);
    return c.json(await explorer.duplicateImages());
  });
  app.get('/api/outliers', async (c) => {
    queryOf(c, queries.none);
    const found = await explorer.outliers();
    return c.json(found, 'state' in found ? 202 : 200);
  });
  app.get('/api/pictures/:row', async (c) => {
    return picture(c, queryOf(c, queries.picture).side);
  });
  app.get('/api/originals/:row', async (c) => {
    queryOf(c, queries.none);
    return picture(c, 'original');
  });
  app.get('/api/compare', async (c) =>
    c.json(await explorer.compare(queryOf(c, queries.compare).run)),
  );
  app.get('/api/training', async (c) => {
    queryOf(c, queries.none);
    return c.json(await explorer.training());
  });
  addWatchRoutes(app, explorer);
  if (options.trainings) addTrainRoutes(app, options.trainings);
  app.get('/api/events', (c) => {
    const { from } = queryOf(c, queries.events);
    const last = offsetOf(c.req.header('last-event-id'));
    return eventStream(c, { explorer, closing, from: last ?? from });
  });
  app.get('/api/downloads/:job', async (c) => {
    queryOf(c, queries.none);
    return download(c, checked(params.job, c.req.param('job'), 'job'));
  });

  app.post('/api/edits', async (c) => {
    const { key, version, operations } = await bodyOf(c, bodies.edits);
    requireKey(key);
    return c.json(await explorer.edit({ version, change: operations as EditOperation[] }));
  });
  for (const change of ['undo', 'redo'] as const) {
    app.post(`/api/${change}`, async (c) => {
      const { key, version } = await bodyOf(c, bodies.version);
      requireKey(key);
      return c.json(await explorer.edit({ version, change }));
    });
  }
  app.post('/api/split', async (c) => {
    const { key, cluster: number, parts } = await bodyOf(c, bodies.split);
    requireKey(key);
    return c.json(await explorer.split(number, parts));
  });
  app.post('/api/takeaway', async (c) => {
    const { key, ...request } = await bodyOf(c, bodies.takeAway);
    requireKey(key);
    return c.json(explorer.takeAway(request), 202);
  });
  app.post('/api/duplicates', async (c) => {
    const { key } = await bodyOf(c, bodies.key);
    requireKey(key);
    return c.json(explorer.findDuplicates(), 202);
  });
  app.post('/api/restore', async (c) =>
    c.json(explorer.restore((await bodyOf(c, bodies.restore)).folder), 202),
  );
  app.post('/api/open', async (c) => {
    const { run, clustering } = await bodyOf(c, bodies.open);
    await explorer.open(run, clustering);
    return c.json({ key: explorer.current().key });
  });
  if (cluster) {
    app.post('/api/cluster', async (c) => {
      const { k } = await bodyOf(c, bodies.cluster);
      return c.json(cluster(k), 202);
    });
  }
  app.post('/api/jobs/:job/cancel', async (c) => {
    await bodyOf(c, bodies.none);
    const job = checked(params.job, c.req.param('job'), 'job');
    if (explorer.cancel(job)) return c.json({ cancelled: job });
    throw new LikenessError('explore.job', `job: there is no job ${job}`);
  });

  app.get('*', (c) => {
    const file = page.get(c.req.path);
    if (!file) return c.notFound();
    const age = file.isHashed ? 'public, max-age=31536000, immutable' : 'no-store';
    return c.body(file.bytes, 200, { 'content-type': file.type, 'cache-control': age });
  });
  return app;

  function requireKey(key: string): void {
    if (key === explorer.current().key) return;
    throw new LikenessError(
      'edits.version',
      'key: the page shows another run or clustering than the one that is open. Load it again.',
    );
  }
  async function picture(c: Context, side: number | 'original') {
    const { signal } = c.req.raw;
    const { bytes, type, key } = await explorer.picture(rowOf(c), side, signal);
    if (key === undefined) return c.body(new Uint8Array(bytes), 200, { 'content-type': type });
    // The browser keeps the picture and asks each time if it is still that of the file.
    const kept = { etag: `"${key}"`, 'cache-control': 'private, no-cache' };
    if (c.req.header('if-none-match') === kept.etag) return c.body(null, 304, kept);
    return c.body(new Uint8Array(bytes), 200, { 'content-type': type, ...kept });
  }
  async function download(c: Context, job: number): Promise<Response> {
    const file = explorer.download(job);
    if (!file) throw new LikenessError('explore.job', `job: job ${job} has no file`);
    const handle = await openRegular(file.path);
    const { size } = await handle.stat();
    const body = Readable.toWeb(handle.createReadStream()) as ReadableStream;
    const name = encodeURIComponent(file.name).replaceAll("'", '%27');
    return c.body(body, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      'content-disposition': `attachment; filename*=UTF-8''${name}`,
    });
  }
}

function rowOf(c: Context): number {
  return checked(params.row, c.req.param('row'), 'row');
}

/** Statuses of errors by their codes, or by the first word of the code. */
const statuses: Readonly<Record<string, 400 | 403 | 404 | 409 | 422 | 500>> = {
  'edits.version': 409,
  'edits.locked': 409,
  'edits.nothing': 409,
  'explore.closed': 409,
  'explore.training': 409,
  'explore.noRun': 404,
  'explore.noTraining': 404,
  'explore.noClusters': 404,
  'explore.noFeatures': 404,
  'explore.noDuplicates': 404,
  'explore.column': 404,
  'explore.layout': 404,
  'explore.moment': 404,
  'explore.noHierarchy': 404,
  'explore.row': 404,
  'explore.job': 404,
  'run.missing': 404,
  'source.missing': 404,
  'image.unreadable': 404,
  'image.unusable': 422,
};

function answerError(
  c: Context,
  error: unknown,
  { explorer, report }: Pick<AppOptions, 'explorer' | 'report'>,
): Response {
  if (!(error instanceof LikenessError)) {
    // A reader that went away ends its own request.
    const aborted = (error as Error)?.name === 'AbortError';
    const message = aborted ? 'the request was given up' : 'internal error, please report it';
    if (!aborted) report(error);
    return c.json({ error: { code: aborted ? 'server.aborted' : 'internal', message } }, 500);
  }
  const { code, message } = error;
  const status = statuses[code] ?? 400;
  const newer = code === 'edits.version' ? explorer.edits() : {};
  return c.json({ ...newer, error: { code, message } }, status);
}
