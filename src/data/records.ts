import { closeSync, fstatSync, readSync } from 'node:fs';
import { LikenessError } from '../core/errors.ts';
import { openRegularSync } from '../formats/index.ts';
import { systemReason } from './reasons.ts';

/** File that is read by position. */
export interface RecordFile {
  readonly path: string;
  readonly bytes: number;
  /** Reads exactly `length` bytes from `position` into a new buffer. */
  read(position: number, length: number): Uint8Array;
  close(): void;
}

/**
 * Opens a file of a packed data set.
 *
 * @throws LikenessError `source.unreadable`
 */
export function openRecords(path: string): RecordFile {
  let file: number;
  let bytes: number;
  try {
    file = openRegularSync(path);
    bytes = fstatSync(file).size;
  } catch (error) {
    throw unreadableSource(path, error);
  }
  return {
    path,
    bytes,
    read(position, length) {
      const out = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const n = readSync(file, out, done, length - done, position + done);
        if (n === 0) throw new Error(`the file ends at byte ${position + done}`);
        done += n;
      }
      return out;
    },
    close: () => closeSync(file),
  };
}

/** Wraps bytes in memory as a file. */
export function memoryRecords(path: string, content: Uint8Array): RecordFile {
  return {
    path,
    bytes: content.length,
    read: (position, length) => content.slice(position, position + length),
    close: () => {},
  };
}

/** Builds the error for a source that exists and cannot be read. */
export function unreadableSource(path: string, error: unknown): LikenessError {
  return new LikenessError(
    'source.unreadable',
    `source: cannot read ${path}: ${systemReason(error)}. Expected a file or folder that you ` +
      'may read; check its permissions.',
    { cause: error },
  );
}

/**
 * Interleaves planes: `out[(y * width + x) * 3 + c] = planes[c * height * width + y * width + x]`.
 */
export function interleave(
  planes: Uint8Array,
  { width, height, columnMajor = false }: { width: number; height: number; columnMajor?: boolean },
): Uint8Array {
  const area = width * height;
  const out = new Uint8Array(area * 3);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = columnMajor ? x * height + y : y * width + x;
      out[o++] = planes[at]!;
      out[o++] = planes[area + at]!;
      out[o++] = planes[2 * area + at]!;
    }
  }
  return out;
}
