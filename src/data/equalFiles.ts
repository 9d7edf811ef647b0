/** Counts equal files of a source before anything is decoded. */
import { createHash } from 'node:crypto';
import { isImageError } from './reasons.ts';
import type { CountFunction, Source, StopOptions } from './types.ts';

/** Bytes that are read at most, which bounds the time to about half a minute. */
const MAX_BYTES = 4 * 2 ** 30;

export interface EqualFiles {
  /** Images whose content equals that of an earlier one, byte for byte. */
  readonly count: number;
  /** Set where all images were compared. Otherwise the count is a lower bound. */
  readonly isExact: boolean;
}

/**
 * Counts images that equal an earlier one byte for byte. Only those of equal size are read.
 *
 * @throws the signal's reason where it is aborted
 */
export async function countEqualFiles(
  source: Pick<Source, 'entries' | 'read' | 'bytes'>,
  {
    signal,
    maxBytes = MAX_BYTES,
    onProgress,
  }: StopOptions & { maxBytes?: number; onProgress?: CountFunction | undefined } = {},
): Promise<EqualFiles> {
  const bySize = new Map<number, number[]>();
  for (const index of source.entries.keys()) {
    const bytes = source.bytes?.(index) ?? -1;
    const same = bySize.get(bytes);
    if (same) same.push(index);
    else bySize.set(bytes, [index]);
  }
  let count = 0;
  let read = 0;
  let done = 0;
  for (const indices of bySize.values()) {
    done += indices.length;
    onProgress?.(done - indices.length, source.entries.length);
    if (indices.length < 2) continue;
    const seen = new Set<string>();
    for (const index of indices) {
      signal?.throwIfAborted();
      if (read > maxBytes) return { count, isExact: false };
      try {
        const image = await source.read(index);
        const bytes = image.kind === 'raw' ? image.pixels : image.bytes;
        read += bytes.length;
        const page = image.kind === 'raw' ? undefined : image.page;
        const hash = createHash('sha1').update(bytes).update(`#${page}`).digest('base64');
        if (seen.has(hash)) count++;
        seen.add(hash);
      } catch (error) {
        if (!isImageError(error)) throw error;
      }
    }
  }
  return { count, isExact: true };
}
