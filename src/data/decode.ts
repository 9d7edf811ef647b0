/**
 * One picture to RGB bytes: orientation applied, colours converted to sRGB, transparency on white, the shorter
 * side shrunk to `size`.
 *
 * A picture is never enlarged. Its longer side is at most `MAX_ASPECT * size`: what is longer (a 10000 x 1 scan
 * line, a very wide panorama) keeps its centre.
 */
import sharp from 'sharp';
import { decodeBmp, readBmpHeader } from './bmp.ts';
import { boundWork } from './boundedWork.ts';
import { readJpegHeader } from './jpegHeader.ts';
import { unusable } from './reasons.ts';
import { decodeWithSharp, shrinkWithSharp, sizeWithSharp, withinLimit } from './sharpDecode.ts';
import { describeContent, sniffFormat } from './sniff.ts';
import type { EncodedImage, Pixels, RawImage } from './types.ts';
import { decodeWasmJpeg } from './wasmJpeg.ts';

/** Longest stored side, as a multiple of `size`. */
export const MAX_ASPECT = 4;
/** Pixels that a header may claim (2^28, about 268 million): the guard against decompression bombs. */
export const MAX_PIXELS = 2 ** 28;
/** Bytes of a file that are read: larger ones are no photographs. */
export const MAX_FILE_BYTES = 2 ** 29;
/** Changes whenever the decoded bytes may change, so that stored pixels are not taken for new ones. */
export const DECODER_VERSION = `3 sharp ${sharp.versions.sharp} vips ${sharp.versions.vips}`;

export interface DecodeOptions {
  /** Length that a longer shorter side is shrunk to, in pixels. */
  size: number;
  /** Pixels that a picture may have before shrinking. Default `MAX_PIXELS`. */
  maxPixels?: number;
}

/**
 * Decodes a picture to RGB.
 *
 * @returns at least 1 x 1 pixels; `min(width, height) <= size`, `max(width, height) <= MAX_ASPECT * size`
 * @throws LikenessError `image.unusable` with a plain reason: empty, truncated, corrupt, no picture, too large.
 */
export async function decodeImage(image: EncodedImage | RawImage, options: DecodeOptions): Promise<Pixels> {
  const { size, maxPixels = MAX_PIXELS } = options;
  if (image.kind === 'raw') return shrinkRaw(image, size);
  if (image.bytes.length === 0) throw unusable('empty file (0 bytes)');
  const format = sniffFormat(image.bytes);
  if (format === undefined) throw unusable(`not an image (${describeContent(image.bytes)})`);
  const bytes = boundWork(format, image.bytes);
  if (format === 'bmp') {
    const { width, height } = readBmpHeader(bytes);
    const decode = () => shrinkRaw(decodeBmp(bytes, { maxPixels }), size);
    return withinLimit({ pixels: width * height, decodedBytes: width * height * 4 }, decode);
  }
  if (format === 'jpeg') {
    const small = await decodeWasmJpeg(bytes, { maxShortSide: size, maxPixels });
    if (small) return shrinkRaw(small, size);
  }
  const { data, info } = await decodeWithSharp(format, bytes, { size, maxPixels });
  return cropLongSide(toRgb(data, info.width, info.height, info.channels), size);
}

/** RGB from stored pixels, shrunk where needed. */
async function shrinkRaw(image: RawImage, size: number): Promise<Pixels> {
  const { width, height, channels, pixels } = image;
  checkRaw(image);
  if (Math.min(width, height) <= size) {
    return cropLongSide(toRgb(flattenOnWhite(image), width, height, channels === 1 ? 1 : 3), size);
  }
  const { data, info } = await shrinkWithSharp(pixels, { width, height, channels, size });
  return cropLongSide(toRgb(data, info.width, info.height, info.channels), size);
}

/**
 * Refuses pixels whose number differs from what their size says.
 *
 * @throws LikenessError `image.unusable`
 */
export function checkRaw({ width, height, channels, pixels }: RawImage): void {
  if (width >= 1 && height >= 1 && pixels.length === width * height * channels) return;
  throw unusable(`received ${pixels.length} bytes of pixels; expected ${width} x ${height} x ${channels}`);
}

/** Pixels without an alpha channel: `a * colour + (1 - a) * white`. */
function flattenOnWhite({ width, height, channels, pixels }: RawImage): Uint8Array {
  if (channels !== 4) return pixels;
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3]! / 255;
    for (let c = 0; c < 3; c++) out[o++] = Math.round(pixels[i + c]! * alpha + 255 * (1 - alpha));
  }
  return out;
}

/** RGB from 1 (grey), 2 (grey and alpha), 3 or 4 interleaved channels; any alpha here is already opaque. */
function toRgb(data: Uint8Array, width: number, height: number, channels: number): Pixels {
  if (channels === 3) return { width, height, pixels: data };
  const pixels = new Uint8Array(width * height * 3);
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  for (let i = 0, o = 0; o < pixels.length; i += channels, o += 3) {
    pixels[o] = data[i]!;
    pixels[o + 1] = data[i + green]!;
    pixels[o + 2] = data[i + blue]!;
  }
  return { width, height, pixels };
}

/** The centre of a picture whose longer side is above `MAX_ASPECT * size`. */
function cropLongSide(image: Pixels, size: number): Pixels {
  const longest = MAX_ASPECT * size;
  if (image.width <= longest && image.height <= longest) return image;
  const width = Math.min(image.width, longest);
  const height = Math.min(image.height, longest);
  const left = (image.width - width) >> 1;
  const top = (image.height - height) >> 1;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    pixels.set(image.pixels.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, pixels };
}

/**
 * Width and height of an image as stored, from its header alone (before any orientation is applied).
 *
 * @throws LikenessError `image.unusable`
 */
export async function imageSize(
  image: EncodedImage | RawImage,
): Promise<{ readonly width: number; readonly height: number }> {
  if (image.kind === 'raw') return image;
  const known = knownSize(image);
  if (known) return known;
  const format = sniffFormat(image.bytes);
  if (format === undefined) throw unusable(`not an image (${describeContent(image.bytes)})`);
  return sizeWithSharp(format, boundWork(format, image.bytes));
}

/** Width and height in headers that are read here, without a decoder; undefined for others. */
export function knownSize({ bytes }: EncodedImage): { width: number; height: number } | undefined {
  const format = sniffFormat(bytes);
  if (format === 'bmp') return readBmpHeader(bytes);
  return format === 'jpeg' ? readJpegHeader(bytes) : undefined;
}
