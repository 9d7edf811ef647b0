/** The opened run of a page with its edits, its jobs, and whoever listens. */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { isolatedDecoder } from '../data/index.ts';
import { restoreTrash } from '../library/trash.ts';
import type { Operation } from '../run/index.ts';
import { compareRuns } from './compareRuns.ts';
import { embedPicture, secondClusters, suggestParts } from './computed.ts';
import { type CsvColumn, type CsvTable, csvColumns } from './csvColumns.ts';
import { type FileColumns, isFileColumn, readFileColumns } from './fileColumns.ts';
import { similar, why } from './find.ts';
import { type FindJobs, openFindJobs } from './findJobs.ts';
import { type JobResult, openJobs } from './jobs.ts';
import { layoutAtStep, makeLayout, storedLayout } from './layouts.ts';
import { stepsOfMoments } from './moments.ts';
import { type OpenedRun, openForPage, timeOfClusters } from './openedRun.ts';
import { overviewOf, plainColumn, type Ranking, rank } from './overview.ts';
import { moved, openPictures, type Picture, type Pictures } from './pictures.ts';
import type {
  ColumnData,
  ColumnName,
  CompareAnswer,
  EditOperation,
  EditsAnswer,
  EventData,
  JobAnswer,
  PathAnswer,
  Row,
  RunAnswer,
  RunsAnswer,
  SearchAnswer,
  SimilarAnswer,
  SplitAnswer,
  TakeAwayRequest,
  WhyAnswer,
} from './protocol.ts';
import { findRuns } from './runs.ts';
import { search } from './search.ts';
import { takeAway } from './takeAway.ts';
import { readTraining } from './training.ts';
import type { TrainingAnswer } from './trainingProtocol.ts';

/** Event for everybody who listens; `log` events come from `tailEvents`. */
export type ExplorerEvent = {
  [K in Exclude<keyof EventData, 'log'>]: { readonly kind: K; readonly data: EventData[K] };
}[Exclude<keyof EventData, 'log'>];

type ColumnsByName = Readonly<Record<string, ColumnData>>;

/** Values of a column or layout with the key of their rows. */
export interface KeyedValues {
  readonly key: string;
  readonly data: ColumnData;
}

export interface Explorer extends Omit<FindJobs, 'filesMoved' | 'close'> {
  runs(): Promise<RunsAnswer>;
  /** Opens a run of the list. @throws LikenessError `run.missing` */
  open(name: string, clustering?: string): Promise<void>;
  /** Shows a run or a source that is open. */
  show(run: OpenedRun): Promise<void>;
  /** The opened run. @throws LikenessError `explore.noRun` */
  current(): OpenedRun;
  overview(): Promise<RunAnswer>;
  column(name: ColumnName): Promise<KeyedValues>;
  /** Positions of the images, or the job that computes them. */
  layout(step: number | 'final'): Promise<KeyedValues | JobAnswer>;
  paths(rows: readonly Row[]): PathAnswer[];
  why(row: Row): Promise<WhyAnswer>;
  /** Finds words in paths and names of clusters, within a folder where one is given. */
  search(text: string, folder?: string): SearchAnswer;
  similar(to: Row | Uint8Array, count: number): Promise<SimilarAnswer[]>;
  picture(row: Row, side: number | 'original', signal?: AbortSignal): Promise<Picture>;
  compare(name: string): Promise<CompareAnswer>;
  training(): Promise<TrainingAnswer>;
  edit(request: EditChange): Promise<EditsAnswer>;
  edits(): EditsAnswer;
  split(cluster: number, parts: number): Promise<SplitAnswer>;
  takeAway(request: Omit<TakeAwayRequest, 'key'>): JobAnswer;
  restore(folder: string): JobAnswer;
  /** Starts work in the background. */
  job(kind: JobAnswer['kind'], text: string, work: Parameters<JobStarter>[2]): JobAnswer;
  cancel(job: number): boolean;
  download(job: number): JobResult['file'];
  /** Calls `listener` with each event until the returned function is called. */
  listen(listener: (event: ExplorerEvent) => void): () => void;
  close(): Promise<void>;
}

type JobStarter = ReturnType<typeof openJobs>['start'];

/** Change of the edits at a version of them. */
export interface EditChange {
  readonly version: number;
  readonly change: readonly EditOperation[] | 'undo' | 'redo';
}

/**
 * Opens an explorer without a run. `show` or `open` gives it one.
 *
 * @param cwd folder whose runs are listed
 * @param table cells of a CSV file, whose columns every run with these images has
 */
export function openExplorer({
  cwd = process.cwd(),
  table,
}: {
  cwd?: string;
  table?: CsvTable | undefined;
} = {}): Explorer {
  let run: OpenedRun | undefined;
  let pictures: Pictures | undefined;
  let ranking: Promise<Ranking | undefined> = Promise.resolve(undefined);
  let csv: readonly CsvColumn[] = [];
  let layoutJob: { key: string; job: number; data?: Float32Array } | undefined;
  const computed = new Map<string, Promise<ColumnsByName>>();
  const listeners = new Set<(event: ExplorerEvent) => void>();
  const files: string[] = [];
  const emit = (event: ExplorerEvent) => {
    for (const listener of listeners) listener(event);
  };
  const jobs = openJobs((job) => emit({ kind: 'job', data: job }));
  const { filesMoved, close: closeFinding, ...findJobs } = openFindJobs(current, jobs);

  function current(): OpenedRun {
    if (run) return run;
    throw new LikenessError('explore.noRun', 'No run is open. Choose one of the list.');
  }
  async function show(next: OpenedRun): Promise<void> {
    const [before, picturesBefore] = [run, pictures];
    run = next;
    computed.clear();
    csv = columnsOfTable(next, table);
    layoutJob = undefined;
    pictures = openPictures({
      read: async (id) => {
        if (!next.source) throw moved(next.sourcePath);
        return next.source.read(id);
      },
      stored: (id) => next.thumbnails?.pictures.get(id),
      ...(next.source && { cache: next.source.thumbnails }),
    });
    rerank();
    emit({ kind: 'run', data: { key: next.key } });
    await picturesBefore?.close();
    await before?.close();
  }
  /** Opens the run again where another process has clustered its images meanwhile. */
  async function refresh(): Promise<void> {
    const { folder, clustering, clusteredAt } = current();
    if (!folder || (await timeOfClusters(folder)) === clusteredAt) return;
    await show(await openForPage(folder.path, clustering === undefined ? {} : { clustering }));
  }
  function rerank(): void {
    ranking = rank(current());
    ranking.catch(() => {}); // reported to whoever asks for it
  }
  function rowOf(row: Row): Row {
    const { length } = current().ids;
    if (row < length) return row;
    throw new LikenessError('explore.row', `row: received ${row}; expected 0 to ${length - 1}`);
  }
  function clustersOf() {
    const { clusters } = current();
    if (clusters) return clusters;
    throw new LikenessError('explore.noClusters', 'The images are not clustered yet.');
  }
  /** Computes columns once for the opened run. */
  function once(name: string, work: () => Promise<ColumnsByName>): Promise<ColumnsByName> {
    const found = computed.get(name) ?? work();
    computed.set(name, found);
    found.catch(() => computed.delete(name));
    return found;
  }
  async function column(name: ColumnName): Promise<KeyedValues> {
    const opened = current();
    const given = csv.find(({ answer }) => answer.name === name);
    if (given) return { key: opened.key, data: given.data };
    const plain = plainColumn(opened, name === 'order' ? await ranking : undefined, name);
    if (plain) return { key: opened.key, data: plain };
    const data = await computedColumn(opened, name);
    if (data) return { key: opened.key, data };
    throw new LikenessError('explore.column', `column: the run has no column "${name}"`);
  }
  function fileColumns(opened: OpenedRun): Promise<FileColumns> {
    return once('files', async () => ({ ...(await readFileColumns(opened)) }));
  }
  async function computedColumn(opened: OpenedRun, name: ColumnName) {
    if (name === 'second' && opened.clusters?.features) {
      return (await once('second', async () => ({ second: await secondClusters(opened) }))).second;
    }
    if (!opened.source || !isFileColumn(name)) return undefined;
    return (await fileColumns(opened))[name];
  }
  async function layout(step: number | 'final'): Promise<KeyedValues | JobAnswer> {
    const opened = current();
    const { key } = opened;
    const isNow = step === 'final' || step === opened.clusters?.stored.step;
    if (!isNow || !opened.clusters?.features) {
      // Before the first clustering the last moment of the training is the newest map.
      const at = step === 'final' ? (await stepsOfMoments(opened)).at(-1) : step;
      const data = at === undefined ? undefined : await layoutAtStep(opened, at);
      if (data) return { key, data };
      throw new LikenessError('explore.layout', `step: the run has no layout of ${step}`);
    }
    if (layoutJob?.key === key && layoutJob.data) return { key, data: layoutJob.data };
    const stored = await storedLayout(opened);
    if (stored) return { key, data: stored };
    const running = layoutJob?.key === key ? jobs.get(layoutJob.job) : undefined;
    if (running?.state === 'running') return running;
    const job = jobs.start('layout', 'finding neighbors for the map', async (reporter) => {
      const data = await makeLayout(opened, reporter);
      if (layoutJob?.key === key) layoutJob.data = data;
      return { text: 'the map is ready' };
    });
    layoutJob = { key, job: job.id };
    return job;
  }
  async function edit({ version, change }: EditChange): Promise<EditsAnswer> {
    const { edits } = clustersOf();
    const { key } = current();
    const answer =
      change === 'undo'
        ? await edits.undo(version)
        : change === 'redo'
          ? await edits.redo(version)
          : await edits.apply(version, change.map(toOperation));
    if (run?.key === key) {
      // Decisions about duplicates change no cluster.
      const isRanked = Array.isArray(change) && change.every(({ type }) => type === 'duplicates');
      if (!isRanked) rerank();
      emit({ kind: 'edits', data: { ...answer, key } });
    }
    return answer;
  }
  /** Names the images of an operation by their ids. */
  function toOperation(operation: EditOperation): Operation {
    const { ids } = current();
    const named = (rows: readonly Row[]) => rows.map((row) => ids[rowOf(row)]!);
    switch (operation.type) {
      case 'split':
        return { ...operation, parts: operation.parts.map(named) };
      case 'move':
      case 'junk':
        return { ...operation, images: named(operation.images) };
      case 'merge':
        return { ...operation, clusters: [...operation.clusters] };
      case 'duplicates': {
        const { keep, move, byRule } = operation;
        return {
          ...{ type: 'duplicates', keep: keep && named(keep), move: move && named(move) },
          byRule: byRule && named(byRule),
        };
      }
      default:
        return operation;
    }
  }

  return {
    ...findJobs,
    current,
    show,
    column,
    layout,
    edit,
    runs: async () => ({
      runs: (await findRuns(cwd, run?.folder?.path)).map(({ listing }) => listing),
    }),
    async open(name, clustering) {
      const found = await findRuns(cwd, run?.folder?.path);
      const chosen = found.find(({ listing }) => listing.path === name || listing.name === name);
      if (!chosen) throw noSuchRun(name);
      await show(
        await openForPage(chosen.folder.path, clustering === undefined ? {} : { clustering }),
      );
    },
    async overview() {
      await refresh();
      const made = await overviewOf(current(), { ranking: await ranking, jobs: jobs.list() });
      return { ...made, columns: [...made.columns, ...csv.map(({ answer }) => answer)] };
    },
    paths: (rows) => rows.map((row) => ({ row, path: current().ids[rowOf(row)]! })),
    why: (row) => why(current(), rowOf(row)),
    search: (text, folder) => search(current(), text, folder),
    async similar(to, count) {
      const opened = current();
      return similar(
        opened,
        typeof to === 'number' ? rowOf(to) : await embedPicture(opened, to),
        count,
      );
    },
    async picture(row, side, signal) {
      const id = current().ids[rowOf(row)]!;
      return side === 'original'
        ? pictures!.original(id, signal)
        : pictures!.thumbnail(id, side, signal);
    },
    async compare(name) {
      const found = await findRuns(cwd, run?.folder?.path);
      const other = found.find(({ listing }) => listing.path === name || listing.name === name);
      if (!other) throw noSuchRun(name);
      return compareRuns(current(), other.folder.path);
    },
    async training() {
      const { folder, config } = current();
      if (folder && config?.kind === 'trained') {
        return readTraining(folder, config.settings.data.batchSize);
      }
      throw new LikenessError('explore.noTraining', 'The run has an encoder without training.');
    },
    edits: () => current().clusters?.edits.answer() ?? { version: 0 },
    async split(cluster, parts) {
      clustersOf();
      return { parts: await suggestParts(current(), cluster, parts) };
    },
    takeAway({ images, ...request }) {
      const opened = current();
      const rows = images === 'all' ? [...opened.ids.keys()] : images.map(rowOf);
      return jobs.start(
        request.what === 'trash' ? 'trash' : 'takeaway',
        `taking ${plural(rows.length, 'image')} away`,
        async (reporter) => {
          const date = opened.source?.isFolder ? (await fileColumns(opened)).date : undefined;
          const input = { run: opened, pictures: pictures!, ranking: await ranking, rows, date };
          const made = await takeAway(input, request, reporter).finally(filesMoved);
          if (made.file) files.push(made.file.path);
          return made;
        },
      );
    },
    restore: (folder) =>
      jobs.start('restore', 'moving files back', async (reporter) => {
        const restored = restoreTrash(folder, reporter).finally(filesMoved);
        const { folder: source, moved: count } = await restored;
        return { text: `${plural(count, 'file')} moved back`, folder: source };
      }),
    job: (kind, text, work) => jobs.start(kind, text, work),
    cancel: jobs.cancel,
    download: jobs.fileOf,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      closeFinding();
      await jobs.close();
      await pictures?.close();
      await run?.close();
      isolatedDecoder.close();
      await Promise.all(files.map((file) => rm(dirname(file), { recursive: true, force: true })));
    },
  };
}

/** Columns of a table for a run; none where it names no image of the run. */
function columnsOfTable({ ids }: OpenedRun, table: CsvTable | undefined): CsvColumn[] {
  try {
    return table ? csvColumns(table, ids) : [];
  } catch (error) {
    if (error instanceof LikenessError) return [];
    throw error;
  }
}

function noSuchRun(name: string): LikenessError {
  return new LikenessError(
    'run.missing',
    `run: received ${JSON.stringify(name)}; expected the name of a run in the list`,
  );
}
