/**
 * Repairs faults of JPEG files that lose no part of the picture and that viewers overlook.
 *
 * Source: ITU-T T.81, annex B.
 */

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const ADOBE = 0xee;
/** Baseline and extended sequential frames, whose scans have all coefficients at once. */
const SEQUENTIAL = [0xc0, 0xc1];
/** Frames of every kind. C4, C8 and CC are no frames. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
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
 * unknown color transforms, and a missing end marker.
 *
 * @returns undefined where none of these faults is there
 */
export function repairJpeg(bytes: Uint8Array): RepairedJpeg | undefined {
  const fixed = Buffer.concat([bytes, Uint8Array.of(0xff, END_OF_IMAGE)]);
  const faults = new Set<string>();
  let isSequential = false;
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) {
      faults.add('no end marker');
      break;
    }
    const marker = bytes[at + 1]!;
    if (marker === END_OF_IMAGE) break;
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = at + 3 < bytes.length ? Math.max(2, bytes[at + 2]! * 256 + bytes[at + 3]!) : 2;
    const next = at + 2 + length;
    if (next > bytes.length) {
      faults.add('no end marker');
      break;
    }
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
    at = next;
  }
  if (faults.size === 0) return undefined;
  const isEnded = !faults.has('no end marker');
  return { bytes: isEnded ? fixed.subarray(0, bytes.length) : fixed, faults: [...faults] };
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
