/**
 * Images of more than 8 bits per sample.
 *
 * Files do not tell which values are black and white. 16-bit samples of photographs fill their
 * range, those of a sensor may have 12 bits, and signed and floating-point samples have units of
 * their own. Two values, which must be the same for all images of a source, become black and white
 * (`ownRange.ts` finds them). Without them only 16-bit samples that fill their range are used.
 */
import sharp from 'sharp';
import { showCount } from '../core/text.ts';
import { unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';
import { valueFactsOf } from './tiff.ts';
import type { ValueRange } from './types.ts';

/** Largest value of 12 bits. Images below it would come out at most 15 of 255 bright. */
const MAX_12_BITS = 2 ** 12 - 1;
/** Largest value of 14 bits. Images below it come out at most 63 of 255 bright. */
export const MAX_14_BITS = 2 ** 14 - 1;
/** Numbers beyond this, such as the largest of 32 bits, stand for pixels without data. */
export const MAX_MAGNITUDE = 1e30;
/** Range of 16-bit samples that fill it. */
export const FULL_RANGE: ValueRange = [0, 2 ** 16 - 1];

/** Kinds of samples that have no scale of their own, by the name of libvips. */
const kinds: Readonly<Record<string, string>> = {
  char: 'signed 8-bit',
  short: 'signed 16-bit',
  int: 'signed 32-bit',
  uint: '32-bit',
  float: 'floating-point',
  double: '64-bit floating-point',
  complex: 'complex',
  dpcomplex: 'complex',
};

/** Names samples of more than 8 bits for people. */
export function kindOfSamples(depth: string): string {
  return kinds[depth] ?? '16-bit';
}

/** Samples of a file that need a range. */
export interface DeepSamples {
  /** Name of their type in libvips, such as `ushort`. */
  readonly depth: string;
  /** Color space in which their values stay. */
  readonly space: string;
  /** Type that holds every value exactly: 32 or 64 bits. */
  readonly as: 'float' | 'double';
  /** Value of pixels without data, as a TIFF names it. */
  readonly noData?: number | undefined;
  /** Number that is added before the color space is set, which would cut off negative values. */
  readonly offset: number;
  /** Set where the lowest value is white. */
  readonly isMinWhite: boolean;
  /** Number from which the decoder has subtracted the values of a file whose lowest is white. */
  readonly top?: number | undefined;
}

/** Position of the bits per sample in a PNG. */
const PNG_DEPTH = 24;
/** Added to signed 16-bit samples, which sharp converts to unsigned ones. */
const SIGNED_OFFSET = 2 ** 15;
/** Types that libvips inverts where the lowest value is white, with their largest value. */
const inverted: Readonly<Record<string, number>> = { ushort: 2 ** 16 - 1, uint: 2 ** 32 - 1 };

/** Tells if a file may have more than 8 bits per sample, by its first bytes. */
export function mayBeDeep(format: ImageFormat | undefined, bytes: Uint8Array): boolean {
  return format === 'tiff' || (format === 'png' && bytes[PNG_DEPTH] === 16);
}

/**
 * Reads the type of the samples of a page. Undefined for 8 bits.
 *
 * @param page number in the order of the decoder, from 1
 */
export async function deepSamples(
  format: ImageFormat,
  bytes: Uint8Array,
  page: number,
): Promise<DeepSamples | undefined> {
  if (!mayBeDeep(format, bytes)) return undefined;
  const options = { limitInputPixels: false, ...(page > 1 && { page: page - 1 }) };
  const { depth, space } = await sharp(bytes, options).metadata();
  if (depth === 'ushort') {
    if (!space.endsWith('16')) return undefined;
  } else if (kinds[depth] === undefined) return undefined;
  const offset = depth === 'short' ? SIGNED_OFFSET : 0;
  const as = depth.endsWith('int') ? 'double' : 'float';
  const facts = format === 'tiff' ? valueFactsOf(bytes, page) : {};
  const { noData: named, isMinWhite = false } = facts;
  const noData = named !== undefined && as === 'float' ? Math.fround(named) : named;
  const top = isMinWhite ? inverted[depth] : undefined;
  return { depth, space, as, offset, noData, isMinWhite, top };
}

/** Value in the file of a number that the decoder gives. */
export function storedValue(sample: number, { offset, top }: DeepSamples): number {
  return top === undefined ? sample - offset : top - sample;
}

/** Number that the decoder gives for a value in the file. */
function sampleOf(value: number, { offset, top }: DeepSamples): number {
  return top === undefined ? value + offset : top - value;
}

/** Tells if the high bytes of 16-bit samples are the image. */
export function hasFullRange({ depth }: DeepSamples, range: ValueRange | undefined): boolean {
  if (depth !== 'ushort') return false;
  return range === undefined || (range[0] === FULL_RANGE[0] && range[1] === FULL_RANGE[1]);
}

const advice = 'give the `range` of values that become black and white in all images';

/**
 * Refuses samples whose range is not known.
 *
 * @throws LikenessError `image.unusable`
 */
export function requireRange(
  format: ImageFormat,
  { depth }: DeepSamples,
  range: ValueRange | undefined,
): ValueRange {
  if (range !== undefined && !depth.endsWith('complex')) return range;
  throw unusable(
    `${format.toUpperCase()} file with ${kindOfSamples(depth)} values, whose black and white it ` +
      `does not tell; ${depth.endsWith('complex') ? 'convert it to 8-bit PNG' : advice}`,
  );
}

/** 8-bit samples of a 16-bit image, and a mark for one that is dark. */
export interface Reduced {
  readonly data: Buffer;
  readonly isDim?: boolean;
}

/**
 * Reduces 16-bit samples to their high bytes.
 *
 * @param isKnown set where the samples are known to have the full range
 * @throws LikenessError `image.unusable` where all values are below 2^12, as those of a 12-bit
 * sensor, and the range is not known
 */
export function reduceTo8Bits(
  format: ImageFormat,
  samples: Buffer,
  { isKnown, deep }: { isKnown: boolean; deep: DeepSamples },
): Reduced {
  const values = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  const data = Buffer.alloc(values.length);
  let [least, most] = [FULL_RANGE[1], 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
    data[i] = value >> 8;
  }
  if (isKnown) return { data };
  const largest = storedValue(deep.isMinWhite ? least : most, deep);
  if (largest > 0 && largest <= MAX_12_BITS) {
    throw unusable(
      `16-bit ${format.toUpperCase()} file with values up to ${showCount(largest)} of 65,535, ` +
        `which would be ${deep.isMinWhite ? 'white' : 'black'}; ${advice}`,
    );
  }
  return { data, isDim: largest > 0 && largest <= MAX_14_BITS };
}

/** Samples as numbers. */
export function numbersOf(samples: Buffer, { as }: DeepSamples): Float32Array | Float64Array {
  const { buffer, byteOffset, length } = samples;
  return as === 'float'
    ? new Float32Array(buffer, byteOffset, length / 4)
    : new Float64Array(buffer, byteOffset, length / 8);
}

/**
 * Scales samples to bytes: `255 * (value - black) / (white - black)`, rounded and cut off. Values
 * that are no numbers, beyond 10^30 or those of pixels without data become black. In a file whose
 * lowest value is white, `black` becomes white and `white` black.
 *
 * @param samples numbers of the type `as`, as the decoder gives them, with the offset added
 */
export function scaleTo8Bits(
  samples: Buffer,
  deep: DeepSamples,
  [black, white]: ValueRange,
): Buffer {
  const without = sampleOf(deep.noData ?? Number.NaN, deep);
  const values = numbersOf(samples, deep);
  const data = Buffer.alloc(values.length);
  const ends = [sampleOf(black, deep), sampleOf(white, deep)] as const;
  const [start, end] = deep.isMinWhite ? [ends[1], ends[0]] : ends;
  const scale = 255 / (end - start);
  for (let i = 0; i < values.length; i++) {
    const sample = values[i]!;
    if (!(Math.abs(sample) < MAX_MAGNITUDE) || sample === without) continue; // black
    const value = Math.round((sample - start) * scale);
    data[i] = value >= 255 ? 255 : value > 0 ? value : 0;
  }
  return data;
}
