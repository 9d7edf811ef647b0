/** Taking images away: as folders, into a trash folder, or as a file. */
import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { writeClustersAs } from '../library/exportClusters.ts';
import { moveToTrash } from '../library/trash.ts';
import { type EditedClustering, type SortItem, sortedNames, sortInto } from '../run/index.ts';
import type { JobResult } from './jobs.ts';
import type { OpenedRun } from './openedRun.ts';
import { clusterTitle, type Ranking } from './overview.ts';
import { moved, type Pictures } from './pictures.ts';
import type { TakeAwayRequest } from './protocol.ts';
import { takeAwayPage } from './takeAwayPage.ts';

export interface TakeAwayInput {
  readonly run: OpenedRun;
  readonly pictures: Pictures;
  readonly ranking: Ranking | undefined;
  /** Rows that are taken, in their order. */
  readonly rows: readonly number[];
  /** Dates of all rows in days since 1970 UTC, NaN where one is unknown; absent without any. */
  readonly date?: Float64Array | undefined;
}

/** Longer side of thumbnails in a zip file and in a page of its own, in pixels. */
const THUMBNAIL_SIDE = 256;
/** Most images of a page of its own, whose pictures are part of it. */
const MAX_PAGE_IMAGES = 2000;

/**
 * Writes the images of some rows in the form that was asked for.
 *
 * @throws LikenessError `explore.folder` where the folder is missing, `source.missing` where the
 * images have moved, `sort.*`, `trash.*`, `write.*`
 */
export async function takeAway(
  input: TakeAwayInput,
  { what, folder, by = 'copy' }: Pick<TakeAwayRequest, 'what' | 'folder' | 'by'>,
  reporter: Reporter,
): Promise<JobResult> {
  const { run, rows } = input;
  switch (what) {
    case 'folders': {
      const sorted = await sortInto({
        into: requireFolder(folder),
        by,
        source: await sourceOf(run).images.ranged(),
        items: itemsOf(run, rows),
        ...(run.clusters && { names: run.clusters.edits.current().names }),
        signal: reporter.signal,
        onProgress: (done, total) => count(reporter, 'sorting', done, total),
      });
      const failed = sorted.failed.length;
      const text =
        `${plural(rows.length - failed, 'image')} in ${plural(sorted.clusters, 'folder')}` +
        (failed > 0 ? `, ${showCount(failed)} unreadable` : '');
      return { text, folder: resolve(sorted.folder) };
    }
    case 'trash': {
      const ids = rows.map((row) => run.ids[row]!);
      const { images } = sourceOf(run);
      const into = requireFolder(folder);
      const { folder: made, moved: number } = await moveToTrash(images.source, ids, into, reporter);
      return { text: `${plural(number, 'file')} moved`, folder: made };
    }
    case 'csv':
    case 'json':
    case 'parquet': {
      const file = await temporaryFile(`${run.name}.${what}`);
      await writeClustersAs(file.path, what, { ...selected(run, rows), dates: datesOf(input) });
      return { text: `${plural(rows.length, 'image')} as ${what}`, file };
    }
    case 'zip':
      return { text: `${plural(rows.length, 'thumbnail')}`, file: await zipOf(input, reporter) };
    case 'html': {
      const file = await temporaryFile(`${run.name}.html`);
      await writeFileAtomic(file.path, await pageOf(input, reporter));
      return { text: `page of ${plural(Math.min(rows.length, MAX_PAGE_IMAGES), 'image')}`, file };
    }
  }
}

function requireFolder(folder: string | undefined): string {
  if (folder !== undefined && folder.trim() !== '') return folder;
  throw new LikenessError('explore.folder', 'folder: received none; expected the path of a folder');
}

function sourceOf({ source, sourcePath }: OpenedRun) {
  if (!source) throw moved(sourcePath);
  return source;
}

function itemsOf({ ids, clusters }: OpenedRun, rows: readonly number[]): SortItem[] {
  const assigned = clusters?.edits.current().clusters;
  return rows.map((row) => ({ id: ids[row]!, cluster: assigned?.[row] ?? -1 }));
}

/** The clusters of some rows with their edits. */
function selected({ clusters }: OpenedRun, rows: readonly number[]): EditedClustering {
  if (!clusters) {
    throw new LikenessError('explore.noClusters', 'The images are not clustered yet.');
  }
  const edited = clusters.edits.current();
  return {
    stored: clusters.stored,
    images: rows.map((row) => clusters.images[row]!),
    edited: { ...edited, clusters: Int32Array.from(rows, (row) => edited.clusters[row]!) },
    operations: clusters.edits.operations(),
  };
}

/** Dates of the rows in ISO 8601, empty where one is unknown. */
function datesOf({ date, rows }: TakeAwayInput): string[] | undefined {
  return date && rows.map((row) => isoDate(date[row]!));
}

const DAY_MS = 86_400_000;

function isoDate(days: number): string {
  return Number.isNaN(days) ? '' : new Date(Math.round(days * DAY_MS)).toISOString();
}

/** Makes a place for a file that the browser downloads. */
async function temporaryFile(name: string): Promise<{ path: string; name: string }> {
  return { path: join(await mkdtemp(join(tmpdir(), 'likeness-explore-')), 'file'), name };
}

async function zipOf(
  { run, pictures, rows }: TakeAwayInput,
  reporter: Reporter,
): Promise<NonNullable<JobResult['file']>> {
  const file = await temporaryFile(`${run.name}.zip`);
  const names = sortedNames(itemsOf(run, rows), {
    extension: '.webp',
    ...(run.clusters && { names: run.clusters.edits.current().names }),
  });
  const zip = new ZipFile();
  const out = zip.outputStream.pipe(createWriteStream(file.path, { flags: 'wx' }));
  const written = finished(out);
  written.catch(() => {}); // reported below
  for (const [done, row] of rows.entries()) {
    reporter.signal.throwIfAborted();
    const picture = await pictures.thumbnail(run.ids[row]!, THUMBNAIL_SIDE).catch(ignoreUnreadable);
    // Pictures are compressed already. A fixed date gives the same bytes each time.
    const options = { compress: false, mtime: new Date(315_532_800_000) };
    if (picture) zip.addBuffer(Buffer.from(picture.bytes), names[done]!, options);
    count(reporter, 'packing', done + 1, rows.length);
  }
  zip.end();
  await written;
  return file;
}

function ignoreUnreadable(error: unknown): undefined {
  if (error instanceof LikenessError) return undefined;
  throw error;
}

async function pageOf(
  { run, pictures, ranking, rows }: TakeAwayInput,
  reporter: Reporter,
): Promise<string> {
  const assigned = run.clusters?.edits.current().clusters;
  const groups = new Map<number, number[]>();
  for (const row of rows.slice(0, MAX_PAGE_IMAGES)) {
    const cluster = assigned?.[row] ?? -1;
    groups.set(cluster, [...(groups.get(cluster) ?? []), row]);
  }
  let done = 0;
  const sections: { title: string; images: { path: string; picture?: Uint8Array }[] }[] = [];
  for (const [cluster, members] of [...groups].sort(([a], [b]) => a - b)) {
    const order = ranking?.order;
    const images: { path: string; picture?: Uint8Array }[] = [];
    for (const row of order ? members.toSorted((a, b) => order[a]! - order[b]!) : members) {
      reporter.signal.throwIfAborted();
      const path = run.ids[row]!;
      const picture = await pictures.thumbnail(path, THUMBNAIL_SIDE).catch(ignoreUnreadable);
      images.push({ path, ...(picture && { picture: picture.bytes }) });
      count(reporter, 'drawing', ++done, rows.length);
    }
    sections.push({
      title: run.clusters ? clusterTitle(run, cluster) : '',
      images,
    });
  }
  return takeAwayPage({ title: run.name, total: rows.length, sections });
}

function count(reporter: Reporter, what: string, done: number, total: number): void {
  const text = `${what} ${showCount(done)} of ${plural(total, 'image')}`;
  reporter.progress({ stage: 'takeaway', text, done, total });
}
