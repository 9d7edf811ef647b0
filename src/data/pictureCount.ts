/** Counts the pictures in a file: pages of a TIFF, frames of an animation. */
import type { ImageFormat } from './sniff.ts';
import { tiffDirectories } from './tiff.ts';

/** Most pictures that are counted. */
const MAX_PICTURES = 10_000;

/**
 * Counts the pictures in a file by its structure, without decoding. 1 where there is no structure
 * of several, also in damaged files.
 */
export function pictureCount(format: ImageFormat, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (format === 'tiff') return Math.max(1, tiffPages(bytes).length);
    if (format === 'gif') return Math.max(1, [...gifFrames(bytes)].length);
    if (format === 'webp') return Math.max(1, webpFrames(view));
    if (format === 'png') return Math.max(1, pngFrames(view));
    return format === 'avif' && textAt(view, 8) === 'avis' ? 2 : 1;
  } catch (error) {
    if (error instanceof RangeError) return 1; // a position outside of the file
    throw error;
  }
}

/** Formats whose pictures can be decoded one by one. */
const paged: ReadonlySet<ImageFormat | undefined> = new Set(['tiff', 'gif', 'webp']);

/** Names a file whose pictures behind the first cannot be decoded. */
export function firstOnlyName(format: ImageFormat): string {
  return format === 'png' ? 'animated PNG' : `${format.toUpperCase()} sequence`;
}

/** Tells if files of a format may have pages that can be decoded. */
export function hasPages(format: ImageFormat | undefined): boolean {
  return paged.has(format);
}

/** Number of a picture, from 1, in the order of the decoder, which counts thumbnails too. */
export function decoderPage(format: ImageFormat, bytes: Uint8Array, page: number): number {
  if (format !== 'tiff' || page === 1) return page;
  return (tiffPages(bytes)[page - 1] ?? page - 1) + 1;
}

const textAt = (view: DataView, at: number) =>
  String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));

/** Pages of a TIFF without thumbnails and pyramid levels, as positions among all directories. */
function tiffPages(bytes: Uint8Array): number[] {
  const pages: number[] = [];
  for (const [i, { isReduced }] of [...tiffDirectories(bytes)].entries()) {
    if (!isReduced) pages.push(i);
  }
  return pages;
}

/** Yields the position of each image descriptor of a GIF. Source: GIF89a, sections 17 to 27. */
export function* gifFrames(bytes: Uint8Array): Generator<number> {
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + tableBytes(bytes[10]!);
  for (let frames = 0; at < bytes.length && frames < MAX_PICTURES; ) {
    const kind = bytes[at]!;
    if (kind === 0x2c) {
      frames++;
      yield at;
      at += 11 + tableBytes(bytes[at + 9]!);
    } else if (kind === 0x21) at += 2;
    else break;
    while (at < bytes.length && bytes[at]! !== 0) at += 1 + bytes[at]!;
    at++;
  }
}

/** Animation frames of a WebP. Source: WebP Container Specification, "Animation". */
function webpFrames(view: DataView): number {
  if (textAt(view, 12) !== 'VP8X' || (view.getUint8(20) & 2) === 0) return 1;
  let frames = 0;
  for (let at = 12; at + 8 <= view.byteLength && frames < MAX_PICTURES; ) {
    if (textAt(view, at) === 'ANMF') frames++;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length & 1);
  }
  return frames;
}

/** Frames of an animated PNG. Source: PNG Specification, third edition, section 11.3.6. */
function pngFrames(view: DataView): number {
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const type = textAt(view, at + 4);
    if (type === 'acTL') return view.getUint32(at + 8);
    if (type === 'IDAT') return 1;
    at += 12 + view.getUint32(at);
  }
  return 1;
}
