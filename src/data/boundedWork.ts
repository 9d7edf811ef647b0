/**
 * Limits the work that a small file can cause.
 *
 * The decoder limits pixels itself. It does not limit the costs handled here.
 */
import { showCount } from '../core/text.ts';
import { requireFrames } from './density.ts';
import { jpegSegments, START_OF_SCAN } from './jpegSegments.ts';
import { unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';

/**
 * Scans of a JPEG. An encoder needs about ten for a progressive image. A scan may be a few bytes
 * long, and each makes the decoder go over all coefficients: 8 ms for 16 million pixels.
 */
export const MAX_SCANS = 100;

/**
 * Removes parts of the file that cost work and change no pixel.
 *
 * @throws LikenessError `image.unusable`
 */
export function boundWork(format: ImageFormat, bytes: Uint8Array): Uint8Array {
  if (format === 'png') {
    requireData(bytes);
    return withoutText(bytes);
  }
  if (format === 'gif') requireFrames(bytes);
  if (format === 'jpeg' && hasMoreScans(bytes, MAX_SCANS)) {
    throw unusable(`JPEG with more than ${MAX_SCANS} scans, which would take minutes to decode`);
  }
  return bytes;
}

/** Tells if a JPEG has more than `most` scans. */
export function hasMoreScans(bytes: Uint8Array, most: number): boolean {
  let scans = 0;
  for (const { marker } of jpegSegments(bytes)) {
    if (marker === START_OF_SCAN && ++scans > most) return true;
  }
  return false;
}

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a PNG chunk. */
const CHUNK_BYTES = 12;
const textTypes = ['tEXt', 'zTXt', 'iTXt'];

/** Most bytes that one byte of deflate stands for: 258 in two bits, after each other. */
const MAX_RATIO = 1032;
/** Samples per pixel by the color type of a PNG. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Refuses a PNG whose compressed data are too short for its pixels, whatever they hold. The decoder
 * takes memory for all pixels first: 1.6 GB and a second for a file of 6 KB.
 *
 * @throws LikenessError `image.unusable`
 */
export function requireData(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const typeAt = (at: number) => String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  if (bytes.length < 33 || typeAt(SIGNATURE_BYTES) !== 'IHDR') return;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const bits = view.getUint8(24) * (samples[view.getUint8(25)] ?? 0);
  let data = 0;
  for (let at = SIGNATURE_BYTES; at + CHUNK_BYTES <= bytes.length; ) {
    const length = Math.min(view.getUint32(at), bytes.length - at - CHUNK_BYTES);
    if (typeAt(at) === 'IDAT') data += length;
    at += CHUNK_BYTES + view.getUint32(at);
  }
  if ((width * height * bits) / 8 <= data * MAX_RATIO) return;
  throw unusable(
    `truncated PNG: its ${showCount(data)} bytes of data cannot hold ${showCount(width)} x ` +
      `${showCount(height)} pixels`,
  );
}

/**
 * Removes the text chunks of a PNG. libpng unpacks up to 1,000 of them to 8 MB each before it reads
 * the first pixel. Source: W3C, Portable Network Graphics (PNG) Specification, section 5.
 */
export function withoutText(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stored: Uint8Array[] = [];
  let from = 0;
  for (let at = SIGNATURE_BYTES; at + CHUNK_BYTES <= bytes.length; ) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const next = Math.min(at + CHUNK_BYTES + view.getUint32(at), bytes.length);
    if (textTypes.includes(type)) {
      stored.push(bytes.subarray(from, at));
      from = next;
    }
    at = next;
  }
  return from === 0 ? bytes : Buffer.concat([...stored, bytes.subarray(from)]);
}
