/** Image files decoded by sharp (libvips), with bounded memory and time. */
import sharp from 'sharp';
import { type Budget, createBudget } from '../core/budget.ts';
import { reasonOf } from '../core/errors.ts';
import { tooManyPixels } from './bmp.ts';
import { unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';

// Every image is decoded once, and several at a time: cache nothing, and use one thread for each.
sharp.cache(false);
sharp.concurrency(1);

/** Decoded bytes of all large images in decoding at a time. One that is larger is decoded alone. */
const LARGE_IN_FLIGHT = 1.5 * 2 ** 30;
/** Images of at most so many pixels are decoded without counting: eight of them need about 400 MB. */
const LARGE_PIXELS = 2 ** 24;
/** Seconds that libvips may work on one image. The largest that is allowed takes about 20. */
const TIME_LIMIT_S = 120;

const inFlight = createBudget(LARGE_IN_FLIGHT);

export interface SharpOptions {
  /** Length that a longer shorter side is shrunk to, in pixels. */
  size: number;
  /** Pixels that an image may have. */
  maxPixels: number;
  /** Pixels above which an image counts. Default 2^24. */
  largePixels?: number;
  /** Limit on the decoded bytes of large images. Default: one of 1.5 GiB for the whole process. */
  budget?: Budget;
}

/** Interleaved channels as sharp returns them. */
export interface Decoded {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/**
 * Decodes and shrinks an image file, orientation applied, in sRGB on white.
 *
 * The decoder's own header decides whether an image is large. Only then it waits until its decoded bytes fit
 * beside those of the other large ones.
 *
 * @throws LikenessError `image.unusable`
 */
export async function decodeWithSharp(
  format: ImageFormat,
  bytes: Uint8Array,
  { size, maxPixels, largePixels = LARGE_PIXELS, budget = inFlight }: SharpOptions,
): Promise<Decoded> {
  try {
    return await decodeTolerant(bytes, size, Math.min(maxPixels, largePixels));
  } catch (error) {
    if (!isTooLarge(error)) throw unusable(plainReason(format, reasonOf(error)), { cause: error });
  }
  const { width, height, decodedBytes } = await measure(format, bytes);
  if (width * height > maxPixels) throw unusable(tooManyPixels(width, height, maxPixels));
  return budget.run(decodedBytes, async () => {
    try {
      return await decodeTolerant(bytes, size, maxPixels);
    } catch (error) {
      throw unusable(plainReason(format, reasonOf(error)), { cause: error });
    }
  });
}

/** Runs other decoding of this process, under the same limit where the image is large. */
export function withinLimit<T>(
  { pixels, decodedBytes }: { pixels: number; decodedBytes: number },
  decode: () => Promise<T>,
): Promise<T> {
  return pixels > LARGE_PIXELS ? inFlight.run(decodedBytes, decode) : decode();
}

/** Width and height from the decoder's header, and the bytes of all decoded pixels. */
async function measure(
  format: ImageFormat,
  bytes: Uint8Array,
): Promise<{ width: number; height: number; decodedBytes: number }> {
  try {
    const { width, height, channels, depth } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const sampleBytes = depth === 'uchar' || depth === 'char' ? 1 : depth.endsWith('short') ? 2 : 8;
    return { width, height, decodedBytes: width * height * channels * sampleBytes };
  } catch (error) {
    throw unusable(plainReason(format, reasonOf(error)), { cause: error });
  }
}

/**
 * Width and height as stored, from the header alone.
 *
 * @throws LikenessError `image.unusable`
 */
export async function sizeWithSharp(
  format: ImageFormat,
  bytes: Uint8Array,
): Promise<{ width: number; height: number }> {
  const { width, height } = await measure(format, bytes);
  return { width, height };
}

function isTooLarge(error: unknown): boolean {
  return /pixel limit/.test(reasonOf(error));
}

/** Stray bytes between two JPEG segments lose nothing of the image; they are common on the web. */
async function decodeTolerant(bytes: Uint8Array, size: number, maxPixels: number): Promise<Decoded> {
  try {
    return await decodeFile(bytes, size, maxPixels, 'warning');
  } catch (error) {
    if (!/extraneous bytes before marker/i.test(reasonOf(error))) throw error;
    return await decodeFile(bytes, size, maxPixels, 'error');
  }
}

function decodeFile(
  bytes: Uint8Array,
  size: number,
  maxPixels: number,
  failOn: 'warning' | 'error',
): Promise<Decoded> {
  return sharp(bytes, { failOn, limitInputPixels: maxPixels })
    .timeout({ seconds: TIME_LIMIT_S })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(shrinking(size))
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

/** Shrinks interleaved pixels whose number fits their size. */
export function shrinkWithSharp(
  pixels: Uint8Array,
  { size, ...raw }: { width: number; height: number; channels: 1 | 3 | 4; size: number },
): Promise<Decoded> {
  return sharp(pixels, { raw, limitInputPixels: false })
    .flatten({ background: '#ffffff' })
    .resize(shrinking(size))
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

/**
 * Bilinear with antialiasing, as torchvision shrinks images and as views are made: a triangle as wide as the
 * pixels that become one.
 */
function shrinking(size: number) {
  return { width: size, height: size, fit: 'outside', withoutEnlargement: true, kernel: 'linear' } as const;
}

/** The decoder's message in a form for people: the fault first, its own words after it. */
function plainReason(format: string, message: string): string {
  if (/^timeout/.test(message)) return `decoding took longer than ${TIME_LIMIT_S} seconds`;
  const detail = message
    .split('\n')
    .map((line) =>
      line.replace(/^Input (buffer|file) (has corrupt header|contains unsupported.*?)(: |:?$)/, ''),
    )
    .map((line) => line.replace(/^(VipsJpeg|vipspng|\w+load_buffer|\w+2vips|webp|source): /, '').trim())
    .find((line) => line !== '');
  return `truncated or corrupt ${format.toUpperCase()} file${detail ? ` (${detail})` : ''}`;
}
