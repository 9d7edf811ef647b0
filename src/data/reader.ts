import { closeSync, readSync } from 'node:fs';
import { LikenessError } from '../core/errors.ts';
import { openRegularSync } from '../formats/regularFile.ts';
import { systemReason } from './reasons.ts';
import type { PixelCache, Pixels } from './types.ts';

/** Reads the images of a cache synchronously. */
export interface PixelReader {
  /** Reads an image as interleaved RGB. The pixels are a view that is valid until the next call. */
  read(index: number): Pixels;
  close(): void;
}

/**
 * Opens the pixel file of a cache for reading by position; each worker thread opens its own.
 *
 * @throws LikenessError `cache.missing`; `read` throws `cache.damaged`, and `RangeError` for an
 * index that the cache does not have.
 */
export function openPixelReader(
  cache: Pick<PixelCache, 'file' | 'widths' | 'heights' | 'offsets'>,
): PixelReader {
  const { widths, heights, offsets } = cache;
  let file: number;
  try {
    file = openRegularSync(cache.file);
  } catch (error) {
    throw new LikenessError(
      'cache.missing',
      `cache: cannot open ${cache.file}: ${systemReason(error)}. It may have been cleared ` +
        'meanwhile; run the command again to decode the images anew.',
      { cause: error },
    );
  }
  let buffer = new Uint8Array(0);
  return {
    read(index) {
      const width = widths[index];
      const height = heights[index];
      if (width === undefined || height === undefined) {
        throw new RangeError(`index: ${index} is not from 0 to ${widths.length - 1}`);
      }
      const length = width * height * 3;
      if (buffer.length < length) buffer = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const n = readSync(file, buffer, done, length - done, offsets[index]! + done);
        if (n === 0) {
          throw new LikenessError(
            'cache.damaged',
            `cache: ${cache.file} ends before image ${index}. Clear the cache and run the ` +
              'command again.',
          );
        }
        done += n;
      }
      return { width, height, pixels: buffer.subarray(0, length) };
    },
    close: () => closeSync(file),
  };
}
