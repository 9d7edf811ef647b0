/**
 * Fills a pixel cache.
 *
 * A child process reads, decodes and writes, so that a decoder crash on a hostile or damaged file
 * does not end the program. This process receives only the list of stored images. When the child
 * dies, a new one resumes after the last reported image and decodes the next `WINDOW` images one at
 * a time. The image at which it dies again is skipped.
 *
 * A source that exists only in the memory of this process is decoded here, without that protection.
 */
import { renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { onEarlyEnd } from '../core/ending.ts';
import { cacheWriteError, UNFINISHED } from './cache-folder.ts';
import { decodeImage } from './decode.ts';
import { DecoderDied, type DecoderProcess } from './decoderProcess.ts';
import { listingOf } from './decoderServer.ts';
import { type IsolatedDecoder, isolatedDecoder } from './isolatedDecoder.ts';
import { noneUsable } from './noneUsable.ts';
import { createPack, type RemarkCount, resumePack } from './pack-file.ts';
import { systemCode } from './reasons.ts';
import {
  type RemarkIndex,
  type SkippedIndex,
  type StoredPart,
  storeRange,
  WINDOW,
} from './storeRange.ts';
import type { Source } from './types.ts';

export interface BuildProgress {
  readonly done: number;
  readonly total: number;
  readonly skipped: number;
}

export interface BuildOptions {
  readonly cacheDir: string;
  readonly contentKey: string;
  readonly size: number;
  readonly maxPixels: number;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
  /** Lends the decoding process. Default: the shared decoder of the program. */
  readonly decoder?: Pick<IsolatedDecoder, 'lend' | 'takeBack'>;
}

/** Decodes everything into a temporary file and gives it its name when it is complete. */
export async function buildCache(
  source: Source,
  file: string,
  options: BuildOptions,
): Promise<void> {
  const { cacheDir } = options;
  const temporary = `${file}${UNFINISHED}${process.pid}-${Math.floor(performance.now() * 1000)}`;
  const forget = onEarlyEnd(() => rmSync(temporary, { force: true }));
  try {
    await fill(source, temporary, options);
    renameSync(temporary, file);
    await syncFolder(cacheDir);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (systemCode(error)) throw cacheWriteError(cacheDir, error);
    throw error;
  } finally {
    forget();
  }
}

async function fill(source: Source, file: string, options: BuildOptions): Promise<void> {
  const { contentKey, size } = options;
  const result = openResult(source, options);
  const created = await createPack(file);
  try {
    result.add({
      done: 0,
      images: [],
      widths: [],
      heights: [],
      skipped: [],
      contents: [],
      remarks: [],
      position: await created.flush(),
    });
  } finally {
    await created.close();
  }
  if (source.location === undefined) await fillHere(source, file, result, options);
  else await fillApart({ ...source, location: source.location }, file, result, options);
  if (result.count === 0) throw noneUsable(source, result.skipped);
  const { path, name, kind } = source;
  const meta = {
    ...{ source: { path, name, kind }, contentKey, size },
    ...{ count: result.count, skipped: result.skipped, remarks: result.remarks },
  };
  const { count } = result;
  const arrays = {
    images: result.images.subarray(0, count),
    widths: result.widths.subarray(0, count),
    heights: result.heights.subarray(0, count),
    contents: result.contents.subarray(0, count),
  };
  const pack = await resumePack(file, result.position);
  try {
    await pack.finish(meta, arrays);
  } catch (error) {
    await pack.close();
    throw error;
  }
}

interface Result {
  /** Images of the source that are stored or skipped. */
  done: number;
  /** Images that are stored, and the first entries of the arrays. */
  count: number;
  position: number;
  readonly images: Uint32Array;
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
  readonly contents: BigUint64Array;
  readonly skipped: SkippedIndex[];
  readonly remarks: RemarkCount[];
  add(part: StoredPart): void;
  /** Records the next image as skipped. */
  skip(reason: string): void;
}

/** Collects parts as they arrive and reports progress. */
function openResult(source: Source, { onProgress }: BuildOptions): Result {
  const total = source.entries.length;
  // The first image may take a minute.
  onProgress?.({ done: 0, total, skipped: 0 });
  const result: Result = {
    ...{ done: 0, count: 0, position: 0, skipped: [], remarks: [] },
    images: new Uint32Array(total),
    widths: new Uint16Array(total),
    heights: new Uint16Array(total),
    contents: new BigUint64Array(total),
    add({ done, images, widths, heights, contents, skipped, remarks, position }) {
      result.images.set(images, result.count);
      result.widths.set(widths, result.count);
      result.heights.set(heights, result.count);
      result.contents.set(contents, result.count);
      for (const remark of remarks) count(result.remarks, remark);
      result.count += images.length;
      result.skipped.push(...skipped);
      result.position = position;
      result.done += done;
      if (done > 0) onProgress?.({ done: result.done, total, skipped: result.skipped.length });
    },
    skip(reason) {
      const { position, done: index } = result;
      const none = { images: [], widths: [], heights: [], contents: [], remarks: [] };
      result.add({ ...none, done: 1, skipped: [{ index, reason }], position });
    },
  };
  return result;
}

/** Examples that are stored per kind of remark. */
const MAX_EXAMPLES = 3;

/** Counts a remark and keeps the first examples. */
function count(counts: RemarkCount[], { index, kind }: RemarkIndex): void {
  let found = counts.find((remark) => remark.kind === kind);
  if (!found) {
    found = { kind, count: 0, examples: [] };
    counts.push(found);
  }
  found.count++;
  if (found.examples.length < MAX_EXAMPLES) found.examples.push(index);
}

/** Decodes in this process. */
async function fillHere(
  source: Source,
  file: string,
  result: Result,
  options: BuildOptions,
): Promise<void> {
  const { size, maxPixels, signal } = options;
  const pack = await resumePack(file, result.position);
  try {
    await storeRange(source, pack, {
      ...{ from: 0, to: source.entries.length, pace: 'ahead', size, maxPixels, signal },
      ...{ decode: decodeImage, onStored: result.add },
    });
  } finally {
    await pack.close();
  }
}

/** Decodes in a child process, and in a new one after each that dies. */
async function fillApart(
  source: Source & { location: string },
  file: string,
  result: Result,
  { size, maxPixels, signal, decoder = isolatedDecoder }: BuildOptions,
): Promise<void> {
  const total = source.entries.length;
  const listing = listingOf(source);
  const { location, choices: { labels: _, ...choices } = {} } = source;
  let running: DecoderProcess | undefined;
  /** Images before this one are decoded one at a time. */
  let carefulTo = 0;
  const stop = () => running?.kill();
  signal?.addEventListener('abort', stop);
  try {
    while (result.done < total) {
      signal?.throwIfAborted();
      const isCareful = result.done < carefulTo;
      const to = isCareful ? carefulTo : total;
      const range = { from: result.done, to, pace: isCareful ? 'oneByOne' : 'ahead' } as const;
      try {
        if (!running?.isAlive()) running = await decoder.lend();
        signal?.throwIfAborted();
        const place = { location, choices, listing, file, position: result.position };
        await running.store({ kind: 'store', ...place, ...range, size, maxPixels }, result.add);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DecoderDied)) throw error;
        if (isCareful) result.skip(error.reason);
        else carefulTo = Math.min(total, result.done + WINDOW);
      }
    }
    if (running?.isAlive()) decoder.takeBack(running);
  } catch (error) {
    running?.kill();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Makes the new name survive a power cut, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows cannot open folders; the file itself is flushed already.
  }
}
