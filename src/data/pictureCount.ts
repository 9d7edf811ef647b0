/** Counts the pictures in a file: pages of a TIFF, frames of an animation. */
import type { ImageFormat } from './sniff.ts';

/** Most pictures that are counted. */
const MAX_PICTURES = 10_000;

/**
 * Counts the pictures in a file by its structure, without decoding. 1 where there is no structure
 * of several, also in damaged files.
 */
export function pictureCount(format: ImageFormat, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (format === 'tiff') return Math.max(1, tiffPages(view));
    if (format === 'gif') return Math.max(1, gifFrames(bytes));
    if (format === 'webp') return Math.max(1, webpFrames(view));
    if (format === 'png') return Math.max(1, pngFrames(view));
    return format === 'avif' && textAt(view, 8) === 'avis' ? 2 : 1;
  } catch (error) {
    if (error instanceof RangeError) return 1; // a position outside of the file
    throw error;
  }
}

const textAt = (view: DataView, at: number) =>
  String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));

const NEW_SUBFILE_TYPE = 254;

/**
 * Pages of a TIFF without its thumbnails and pyramid levels, whose subfile type has bit 0.
 *
 * Source: TIFF 6.0, section 2 and tag 254. BigTIFF is counted as one page.
 */
function tiffPages(view: DataView): number {
  const isLittle = textAt(view, 0).startsWith('II');
  if (view.getUint16(2, isLittle) !== 42) return 1;
  const seen = new Set<number>();
  let pages = 0;
  for (
    let at = view.getUint32(4, isLittle);
    at !== 0 && !seen.has(at) && seen.size < MAX_PICTURES;
  ) {
    seen.add(at);
    const entries = view.getUint16(at, isLittle);
    let isReduced = false;
    for (let i = 0; i < entries; i++) {
      const entry = at + 2 + i * 12;
      if (view.getUint16(entry, isLittle) !== NEW_SUBFILE_TYPE) continue;
      isReduced = (view.getUint32(entry + 8, isLittle) & 1) === 1;
    }
    if (!isReduced) pages++;
    at = view.getUint32(at + 2 + entries * 12, isLittle);
  }
  return pages;
}

/** Image descriptors of a GIF. Source: GIF89a, sections 17 to 27. */
function gifFrames(bytes: Uint8Array): number {
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + tableBytes(bytes[10]!);
  let frames = 0;
  while (at < bytes.length && frames < MAX_PICTURES) {
    const kind = bytes[at]!;
    if (kind === 0x2c) {
      frames++;
      at += 11 + tableBytes(bytes[at + 9]!);
    } else if (kind === 0x21) at += 2;
    else break;
    while (at < bytes.length && bytes[at]! !== 0) at += 1 + bytes[at]!;
    at++;
  }
  return frames;
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
