/**
 * Repairs faults of JPEG files that lose no part of the picture and that viewers overlook.
 *
 * Source: ITU-T T.81, annex B.
 */
import { hasAllScans, SEQUENTIAL } from './jpegScans.ts';
import { END_OF_IMAGE, isFrame, jpegSegments, START_OF_SCAN } from './jpegSegments.ts';

const ADOBE = 0xee;
/** Last coefficient of a block. */
const LAST = 63;
/** Offset of the color transform in the Adobe segment, and its value for YCbCr. */
const TRANSFORM = 15;
const YCBCR = 1;

export interface RepairedJpeg {
  readonly bytes: Uint8Array;
  /** Faults that were found, such as `no end marker`. */
  readonly faults: readonly string[];
}

/**
 * Corrects the spectral parameters in scan headers of sequential files (some Samsung telephones),
 * unknown color transforms, bytes between segments, and a missing end marker.
 *
 * @returns undefined without any of these faults, and where a part of the picture is missing
 */
export function repairJpeg(bytes: Uint8Array): RepairedJpeg | undefined {
  const fixed = Buffer.from(bytes);
  const faults = new Set<string>();
  // The first `kept` bytes are done, and those at `from` come behind them.
  let from = 0;
  let kept = 0;
  let end: number | undefined;
  let isSequential = false;
  for (const { marker, at, next } of jpegSegments(bytes)) {
    if (next > bytes.length || marker === END_OF_IMAGE) {
      end = at;
      break;
    }
    if (marker === undefined) {
      fixed.copyWithin(kept, from, at);
      kept += at - from;
      from = next;
      faults.add('stray bytes');
      continue;
    }
    const length = next - at - 2;
    if (isFrame(marker)) isSequential = SEQUENTIAL.includes(marker);
    if (marker === START_OF_SCAN && isSequential && length >= 6) {
      const expected = [0, LAST, 0];
      if (expected.some((value, i) => bytes[next - 3 + i] !== value)) {
        fixed.set(expected, next - 3);
        faults.add('wrong spectral parameters');
      }
    }
    const isAdobe =
      marker === ADOBE && length >= 14 && fixed.toString('latin1', at + 4, at + 9) === 'Adobe';
    if (isAdobe && bytes[at + TRANSFORM]! > 2) {
      fixed[at + TRANSFORM] = YCBCR;
      faults.add('unknown color transform');
    }
  }
  const isEnded = end !== undefined && bytes[end + 1] === END_OF_IMAGE;
  if (!isEnded) {
    if (!hasAllScans(bytes)) return undefined;
    faults.add('no end marker');
  }
  if (faults.size === 0) return undefined;
  const parts = [fixed.subarray(0, kept), fixed.subarray(from, end)];
  const marker = Uint8Array.of(0xff, END_OF_IMAGE);
  return { bytes: Buffer.concat([...parts, marker]), faults: [...faults] };
}

/**
 * Fraction of the rows of a picture that a decoder has filled, 0 to 1. A decoder repeats the last
 * color below them.
 *
 * @param gray rows of gray values
 */
export function filledRows(gray: Uint8Array, width: number): number {
  const rows = gray.length / width;
  const last = gray[gray.length - 1]!;
  let filled = rows;
  while (filled > 0) {
    const row = gray.subarray((filled - 1) * width, filled * width);
    if (row.some((value) => Math.abs(value - last) > 1)) break;
    filled--;
  }
  return filled / rows;
}
