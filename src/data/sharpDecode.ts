/** Decodes image files with sharp (libvips), within limits of memory and time. */
import sharp from 'sharp';
import { type Budget, createBudget } from '../core/budget.ts';
import { reasonOf } from '../core/errors.ts';
import { tooManyPixels } from './bmp.ts';
import {
  deepSamples,
  hasFullRange,
  reduceTo8Bits,
  requireRange,
  scaleTo8Bits,
} from './deepImages.ts';
import { requirePlausible } from './density.ts';
import { readTaken } from './exif.ts';
import { filledRows, repairJpeg } from './jpegRepair.ts';
import { plainReason } from './plainReason.ts';
import { isImageError, unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';
import type { ImageSize, ValueRange } from './types.ts';
import { alone, besideOthers, isTimeout, withOwnMessages } from './vipsTurns.ts';

// Every image is decoded once and several are decoded at a time, so cache nothing and use one
// thread each.
sharp.cache(false);
sharp.concurrency(1);

/** Limit on the decoded bytes of all large images in flight. A larger image is decoded alone. */
const LARGE_IN_FLIGHT = 1.5 * 2 ** 30;
/** Images up to this number of pixels are not counted. Eight of them need about 400 MB. */
const LARGE_PIXELS = 2 ** 24;
/** Bytes that the decoder of AVIF takes for a pixel: planes and their conversions. */
const AVIF_PIXEL_BYTES = 17;
/** Time limit of libvips for one image, in seconds. The largest allowed one takes about 20. */
const TIME_LIMIT_S = 120;

const inFlight = createBudget(LARGE_IN_FLIGHT);

export interface SharpOptions {
  /** Length that a longer shorter side is shrunk to, in pixels. */
  size: number;
  /** Pixels that an image may have. */
  maxPixels: number;
  /** Number of the picture in the order of the decoder, from 1. Default 1. */
  page?: number;
  /** Values that become black and white in an image of more than 8 bits per sample. */
  range?: ValueRange | undefined;
  /** Pixels above which an image counts. Default 2^24. */
  largePixels?: number;
  /** Limit on the decoded bytes of large images. Default: one of 1.5 GiB for the whole process. */
  budget?: Budget;
}

/** Interleaved channels, as sharp returns them. */
export interface Decoded {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
  /** Set for a file with faults that lose no part of the picture. */
  readonly isRepaired?: boolean;
  /** Set for a file of 16 bits per sample that uses at most 14 of them. */
  readonly isDim?: boolean;
}

/**
 * Decodes and shrinks an image file, orientation applied, in sRGB on white.
 *
 * The decoder's own reading of the header decides if an image is large. A large one waits until its
 * decoded bytes fit beside those of the others.
 *
 * @throws LikenessError `image.unusable`
 */
export async function decodeWithSharp(
  format: ImageFormat,
  bytes: Uint8Array,
  { size, maxPixels, page = 1, range, largePixels = LARGE_PIXELS, budget = inFlight }: SharpOptions,
): Promise<Decoded> {
  try {
    return await decodeTolerant(format, bytes, {
      size,
      page,
      range,
      maxPixels: Math.min(maxPixels, largePixels),
    });
  } catch (error) {
    if (!isTooLarge(error)) throw await unusableFile(format, bytes, { error, maxPixels });
  }
  const { width, height, decodedBytes } = await measure(format, bytes);
  if (width * height > maxPixels) throw unusable(tooManyPixels(width, height, maxPixels));
  requirePlausible(format, bytes, { width, height });
  return budget.run(decodedBytes, async () => {
    try {
      return await decodeTolerant(format, bytes, { size, page, range, maxPixels });
    } catch (error) {
      throw await unusableFile(format, bytes, { error, maxPixels });
    }
  });
}

/** Runs another decoder. A large image counts toward the same limit. */
export function withinLimit<T>(
  { pixels, decodedBytes }: { pixels: number; decodedBytes: number },
  decode: () => Promise<T>,
): Promise<T> {
  return pixels > LARGE_PIXELS ? inFlight.run(decodedBytes, decode) : decode();
}

/** Reads width and height with the decoder, and computes the bytes of all decoded pixels. */
async function measure(
  format: ImageFormat,
  bytes: Uint8Array,
): Promise<ImageSize & { readonly decodedBytes: number }> {
  try {
    const { width, height, channels, depth, exif } = await withOwnMessages(() =>
      sharp(bytes, { limitInputPixels: false }).metadata(),
    );
    const sampleBytes = depth === 'uchar' || depth === 'char' ? 1 : depth.endsWith('short') ? 2 : 8;
    const pixelBytes = format === 'avif' ? AVIF_PIXEL_BYTES : channels * sampleBytes;
    const taken = exif && readTaken(exif);
    return {
      ...{ width, height, decodedBytes: width * height * pixelBytes },
      ...(taken !== undefined && { taken }),
    };
  } catch (error) {
    throw unusable(plainReason(format, bytes, reasonOf(error)), { cause: error });
  }
}

/**
 * Reads width, height and the time of the camera from the header.
 *
 * @throws LikenessError `image.unusable`
 */
export async function sizeWithSharp(format: ImageFormat, bytes: Uint8Array): Promise<ImageSize> {
  const { decodedBytes: _, ...size } = await measure(format, bytes);
  return size;
}

/** Tells if sharp refused the size. It states so itself, without the messages of libvips. */
function isTooLarge(error: unknown): boolean {
  return /pixel limit/.test(reasonOf(error));
}

/** Warnings of decoders about faults that lose no part of the image. */
const HARMLESS = /tag ignored|unknown field|incorrect count/i;

interface FileOptions {
  size: number;
  page: number;
  range: ValueRange | undefined;
  maxPixels: number;
}

/**
 * Decodes a file strictly. After a failure it repairs faults of JPEG files that lose no part of the
 * image, and tolerates those of others.
 */
async function decodeTolerant(
  format: ImageFormat,
  bytes: Uint8Array,
  options: FileOptions,
): Promise<Decoded> {
  const decode = (file: Uint8Array, failOn: 'warning' | 'error') =>
    decodeFile(format, file, options, failOn);
  try {
    return await besideOthers(() => decode(bytes, 'warning'));
  } catch (error) {
    if (isTooLarge(error) || isTimeout(error) || isImageError(error)) throw error;
  }
  const repaired = format === 'jpeg' ? repairJpeg(bytes) : undefined;
  if (repaired) {
    const decoded = await besideOthers(() => decode(repaired.bytes, 'warning')).catch(() => {});
    if (decoded) return { ...decoded, isRepaired: true };
  }
  return alone(async () => {
    try {
      return await decode(bytes, 'warning');
    } catch (error) {
      if (!HARMLESS.test(reasonOf(error))) throw error;
      const decoded = await decode(bytes, 'error').catch(() => {
        throw error; // the first fault
      });
      return { ...decoded, isRepaired: true };
    }
  });
}

/** Rows and columns of the small picture that shows how much of a file is there. */
const PART_ROWS = 200;
const PART_COLUMNS = 32;

/** Builds the error for a file that cannot be used, with how much of a JPEG is there. */
async function unusableFile(
  format: ImageFormat,
  bytes: Uint8Array,
  { error, maxPixels }: { error: unknown; maxPixels: number },
): Promise<Error> {
  if (isImageError(error)) return error;
  const message = reasonOf(error);
  if (isTimeout(error)) {
    return unusable(`decoding took longer than ${TIME_LIMIT_S} seconds`, { cause: error });
  }
  const reason = plainReason(format, bytes, message);
  const isCut =
    format === 'jpeg' && /premature end/.test(message) && !/corrupt header/.test(message);
  const share = isCut ? await filledShare(bytes, maxPixels) : undefined;
  const amount =
    share === undefined
      ? ''
      : share > 0.995
        ? ', without its last details'
        : `, after about ${Math.round(share * 100)}% of the picture`;
  return unusable(reason.replace('too early', `too early${amount}`), { cause: error });
}

/** Fraction of a JPEG's rows that its bytes contain; undefined where nothing can be decoded. */
async function filledShare(bytes: Uint8Array, maxPixels: number): Promise<number | undefined> {
  try {
    const pipeline = sharp(bytes, {
      failOn: 'none',
      limitInputPixels: Math.min(maxPixels, LARGE_PIXELS),
    })
      .timeout({ seconds: TIME_LIMIT_S })
      .resize({ width: PART_COLUMNS, height: PART_ROWS, fit: 'fill', kernel: 'nearest' })
      .toColourspace('b-w')
      .raw({ depth: 'uchar' });
    const gray = await besideOthers(() => pipeline.toBuffer());
    return filledRows(gray, PART_COLUMNS);
  } catch {
    return undefined;
  }
}

async function decodeFile(
  format: ImageFormat,
  bytes: Uint8Array,
  { size, page, range, maxPixels }: FileOptions,
  failOn: 'warning' | 'error',
): Promise<Decoded> {
  const deep = await deepSamples(format, bytes, page);
  const pipeline = sharp(bytes, {
    failOn,
    limitInputPixels: maxPixels,
    ...(page > 1 && { page: page - 1 }),
  })
    .timeout({ seconds: TIME_LIMIT_S })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(shrinking(size));
  const samples = (space: string, depth: 'uchar' | 'ushort' | 'float' | 'double') =>
    pipeline.toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true });
  if (!deep) return samples('srgb', 'uchar');
  if (hasFullRange(deep, range)) {
    const { data, info } = await samples(deep.space, 'ushort');
    return { ...reduceTo8Bits(format, data, { isKnown: range !== undefined, deep }), info };
  }
  const known = requireRange(format, deep, range);
  if (deep.offset > 0) pipeline.linear(1, deep.offset);
  const { data, info } = await samples(deep.space, deep.as);
  return { data: scaleTo8Bits(data, deep, known), info };
}

/** Shrinks interleaved pixels. */
export function shrinkWithSharp(
  pixels: Uint8Array,
  { size, ...raw }: { width: number; height: number; channels: 1 | 3 | 4; size: number },
): Promise<Decoded> {
  const pipeline = sharp(pixels, { raw, limitInputPixels: false })
    .flatten({ background: '#ffffff' })
    .resize(shrinking(size))
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  return besideOthers(() => pipeline.toBuffer({ resolveWithObject: true }));
}

/**
 * Bilinear resampling with antialiasing, as in torchvision and in views. The triangle is as wide as
 * the pixels that become one.
 */
function shrinking(size: number) {
  return {
    width: size,
    height: size,
    fit: 'outside',
    withoutEnlargement: true,
    kernel: 'linear',
  } as const;
}
