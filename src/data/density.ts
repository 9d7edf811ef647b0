/**
 * Refuses large images whose files are too short for their pixels, by the header alone.
 *
 * The decoders take memory for all pixels first. Files of less than 1 KB that claim or hold 64 to
 * 268 million pixels took 1 to 6 seconds and .8 to 1.6 GB: a JPEG and a TIFF of JPEG strips without
 * their data, a GIF with one huge frame, and a blank AVIF.
 */
import { showCount } from '../core/text.ts';
import { gifFrames } from './pictureCount.ts';
import { unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';
import { tiffDirectories } from './tiff.ts';

/** Pixels up to which nothing is refused. */
const LARGE_PIXELS = 2 ** 24;
/**
 * Most pixels that a byte of a file can stand for. Above LZW of GIF (2,731: strings of 4,096 pixels
 * in codes of 12 bits) and JPEG (2,048: blocks of 8 x 8 in one bit, in four halved components).
 * WebP and AVIF can be blank in fewer bytes, and pictures are far from it.
 */
const MAX_PIXELS_PER_BYTE = 4096;
/** Most pixels of an AVIF, which takes 17 bytes of memory for each: 1.1 GB for 64 million. */
const MAX_AVIF_PIXELS = 2 ** 26;
/** TIFF without compression, CCITT, LZW, deflate, PackBits: strips without data end at once. */
const STRIPWISE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 8, 32_773, 32_946]);

/** Size of an image by its header. */
export interface ClaimedSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Throws where a file of a format cannot hold an image of this size, or takes too much memory.
 *
 * @throws LikenessError `image.unusable`
 */
export function requirePlausible(
  format: ImageFormat,
  bytes: Uint8Array,
  { width, height }: ClaimedSize,
): void {
  const pixels = width * height;
  if (format === 'avif' && pixels > MAX_AVIF_PIXELS) {
    throw unusable(
      `AVIF of ${showCount(width)} x ${showCount(height)} pixels, more than the limit of ` +
        `${Math.floor(MAX_AVIF_PIXELS / 1e6)} million`,
    );
  }
  // PNG has a bound of its own, and a blank page of one bit per pixel is short in other TIFF files.
  if (format === 'png' || (format === 'tiff' && isStripwise(bytes))) return;
  requireBytes(format, bytes.length, { width, height });
}

/**
 * Refuses a GIF with a large frame whose data cannot hold it. The frame may be larger than the
 * canvas, which is the size that decoders report.
 *
 * @throws LikenessError `image.unusable`
 */
export function requireFrames(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const at of gifFrames(bytes)) {
    if (at + 9 > bytes.length) return;
    const [width, height] = [view.getUint16(at + 5, true), view.getUint16(at + 7, true)];
    requireBytes('gif', bytes.length, { width, height });
  }
}

function requireBytes(format: ImageFormat, length: number, { width, height }: ClaimedSize): void {
  const pixels = width * height;
  if (pixels <= LARGE_PIXELS || pixels <= length * MAX_PIXELS_PER_BYTE) return;
  throw unusable(
    `implausible ${format.toUpperCase()} file: ${showCount(length)} bytes for ` +
      `${showCount(width)} x ${showCount(height)} pixels`,
  );
}

function isStripwise(bytes: Uint8Array): boolean {
  try {
    const directories = [...tiffDirectories(bytes)];
    return directories.every(({ compression = 1 }) => STRIPWISE.has(compression));
  } catch {
    return true; // the decoder says more about a damaged file
  }
}
