/** Comparing the images of a run, once, for duplicates at any threshold of the page. */
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { workerUrl } from '../core/workers.ts';
import { type CachePairs, DUPLICATE_SIZE } from '../duplicates/index.ts';
import { measureImage } from '../library/measureImage.ts';
import type { ComparedImage, StoredDuplicates } from './duplicatesFile.ts';
import { stampsOf } from './fileStamps.ts';
import type { OpenedRun } from './openedRun.ts';
import { inParallel } from './parallel.ts';
import { moved } from './pictures.ts';
import { LEAST_ALIKE, type Row } from './protocol.ts';
import { inWorker } from './workerJob.ts';

/** Images that are measured at once. */
const MEASURED_AT_ONCE = 4;

/** Key of the images of a run: the same as long as rows mean the same images. */
export function keyOfImages({ sourcePath, ids }: OpenedRun): string {
  const hash = createHash('sha256').update(sourcePath);
  for (const id of ids) hash.update(`\n${id}`);
  return hash.digest('hex').slice(0, 40);
}

/**
 * Compares all images of a run, and measures those that have a duplicate.
 *
 * @throws LikenessError `source.missing` where the images have moved, `cache.*`; the signal's
 * reason where it is aborted
 */
export async function compareImages(run: OpenedRun, reporter: Reporter): Promise<StoredDuplicates> {
  const { source, ids } = run;
  if (!source) throw moved(run.sourcePath);
  const stamps = await stampsOf(run);
  const cache = await source.images.pixels({ size: DUPLICATE_SIZE, reporter });
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const rows = cache.entries.map(({ id }) => rowOf.get(id));
  const { file, widths, heights, offsets, contents } = cache;
  const found = await inWorker<CachePairs>(
    workerUrl(import.meta.url, './duplicates.worker'),
    { cache: { file, widths, heights, offsets, contents }, least: LEAST_ALIKE },
    reporter,
  );
  const { pairs, equal } = toRows(found, rows);
  const members = [...new Set([...pairs.flatMap(({ a, b }) => [a, b]), ...equal.flat()])];
  const images = await measureRows(
    run,
    members.sort((a, b) => a - b),
    reporter,
  );
  const known = new Set(images.map(({ row }) => row));
  return {
    ...{
      least: LEAST_ALIKE,
      compared: rows.filter((row) => row !== undefined).length,
      stamps,
      images,
    },
    pairs: pairs.filter(({ a, b }) => known.has(a) && known.has(b)),
    equal: equal
      .map((own) => own.filter((row) => known.has(row)))
      .filter(({ length }) => length > 1),
  };
}

/** Turns positions in a cache into rows. Of equal images the first row has the pairs. */
function toRows({ pairs, equal }: CachePairs, rows: readonly (Row | undefined)[]): CachePairs {
  const twins = equal
    .map((own) => own.flatMap((position) => rows[position] ?? []).sort((a, b) => a - b))
    .filter(({ length }) => length > 0);
  const first = new Map(twins.flatMap((own) => own.map((row) => [row, own[0]!])));
  // A row that is not clustered can be the first of equal images; another one then stands for it.
  const standIn = new Map(equal.map((own) => [own[0]!, own.find((at) => rows[at] !== undefined)]));
  const rowAt = (position: number) => {
    const row = rows[standIn.get(position) ?? position];
    return row === undefined ? undefined : (first.get(row) ?? row);
  };
  return {
    pairs: pairs.flatMap(({ a, b, similarity }) => {
      const [p, q] = [rowAt(a), rowAt(b)];
      if (p === undefined || q === undefined) return [];
      return [{ a: Math.min(p, q), b: Math.max(p, q), similarity }];
    }),
    equal: twins.filter(({ length }) => length > 1),
  };
}

/** Measures images by rising row. Unreadable ones are left out. */
async function measureRows(
  { source, ids }: OpenedRun,
  rows: readonly Row[],
  reporter: Reporter,
): Promise<ComparedImage[]> {
  const advance = beginStage(reporter, {
    ...{ stage: 'measure', text: 'measuring duplicates', unit: 'image', total: rows.length },
  });
  const ranged = await source!.images.ranged();
  const measured: (Awaited<ReturnType<typeof measureImage>> | undefined)[] = [];
  let done = 0;
  await inParallel(rows.length, MEASURED_AT_ONCE, async (i) => {
    reporter.signal.throwIfAborted();
    const index = source!.indexOf(ids[rows[i]!]!);
    measured[i] =
      index === undefined
        ? undefined
        : await measureImage(ranged, index, reporter).catch(undefinedIfImage);
    advance(++done);
  });
  const firstOf = new Map<string, Row>();
  return rows.flatMap((row, i) => {
    const facts = measured[i];
    if (!facts) return [];
    const { width, height, sharpness, bytes, modified, taken, hash } = facts;
    const sameAs = firstOf.get(hash) ?? row;
    firstOf.set(hash, sameAs);
    return [
      {
        ...{ row, width, height, sharpness, bytes, sameAs },
        ...(modified !== undefined && { modified }),
        ...(taken !== undefined && { taken }),
      },
    ];
  });
}

function undefinedIfImage(error: unknown): undefined {
  if (error instanceof LikenessError && error.code.startsWith('image.')) return undefined;
  throw error;
}
