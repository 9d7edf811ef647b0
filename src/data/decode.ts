/**
 * Decodes an image to RGB bytes. Orientation is applied, colors are converted to sRGB, transparent
 * pixels are blended with white, and the shorter side is shrunk to `size`.
 *
 * An image is never enlarged. Its longer side is at most `MAX_ASPECT * size`. A longer image, such
 * as a very wide panorama, is cropped to its center.
 */
import sharp from 'sharp';
import { decodeBmp, readBmpHeader } from './bmp.ts';
import { boundWork } from './boundedWork.ts';
import { readTaken } from './exif.ts';
import { readJpegHeader } from './jpegHeader.ts';
import { decoderPage, firstOnlyName, hasPages, pictureCount } from './pictureCount.ts';
import { unusable } from './reasons.ts';
import { decodeWithSharp, shrinkWithSharp, sizeWithSharp, withinLimit } from './sharpDecode.ts';
import { describeContent, sniffFormat } from './sniff.ts';
import type { DecodedImage, EncodedImage, ImageSize, Pixels, RawImage } from './types.ts';
import { decodeWasmJpeg } from './wasmJpeg.ts';

/** Longest side after decoding, as a multiple of `size`. */
export const MAX_ASPECT = 4;
/** Maximum number of pixels in a header (2^28, about 268 million), against decompression bombs. */
export const MAX_PIXELS = 2 ** 28;
/** Maximum file size in bytes. */
export const MAX_FILE_BYTES = 2 ** 29;
/** Version of the decoded bytes. Caches of another version are not used. */
export const DECODER_VERSION = `4 sharp ${sharp.versions.sharp} vips ${sharp.versions.vips}`;

export interface DecodeOptions {
  /** Length that a longer shorter side is shrunk to, in pixels. */
  size: number;
  /** Pixels that an image may have before shrinking. Default: `MAX_PIXELS`. */
  maxPixels?: number;
}

/**
 * Decodes an image to RGB.
 *
 * @returns at least 1 x 1 pixels; `min(width, height) <= size`, `max(width, height) <= MAX_ASPECT *
 * size`
 * @throws LikenessError `image.unusable` with a plain reason: empty, truncated, corrupt, no image,
 * too large.
 */
export async function decodeImage(
  image: EncodedImage | RawImage,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { size, maxPixels = MAX_PIXELS } = options;
  if (image.kind === 'raw') return shrinkRaw(image, size);
  if (image.bytes.length === 0) throw unusable('empty file (0 bytes)');
  const format = sniffFormat(image.bytes);
  if (format === undefined) throw unusable(`not an image (${describeContent(image.bytes)})`);
  const bytes = boundWork(format, image.bytes);
  const { page = 1 } = image;
  const pictures = pictureCount(format, bytes);
  const isFirstOnly = pictures > 1 && !hasPages(format);
  if (page > 1 && isFirstOnly) {
    throw unusable(
      `only the first picture of an ${firstOnlyName(format)} can be read; expected picture 1, ` +
        `received ${page}`,
    );
  }
  if (page > pictures) {
    throw unusable(`it has no picture ${page}; expected a number from 1 to ${pictures}`);
  }
  if (format === 'bmp') {
    const { width, height } = readBmpHeader(bytes);
    const decode = () => shrinkRaw(decodeBmp(bytes, { maxPixels }), size);
    return withinLimit({ pixels: width * height, decodedBytes: width * height * 4 }, decode);
  }
  if (format === 'jpeg') {
    const small = await decodeWasmJpeg(bytes, { maxShortSide: size, maxPixels });
    if (small) return shrinkRaw(small, size);
  }
  const { data, info, isRepaired, isDim } = await decodeWithSharp(format, bytes, {
    size,
    page: decoderPage(format, bytes, page),
    range: image.range,
    maxPixels,
  });
  return {
    ...cropLongSide(toRgb(data, info.width, info.height, info.channels), size),
    ...(isRepaired && { isRepaired }),
    ...(isDim && { isDim }),
    ...(pictures > 1 && image.page === undefined && { pictures }),
    ...(isFirstOnly && { isFirstOnly }),
  };
}

/** Converts raw pixels to RGB and shrinks them to `size`. */
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
 * Checks that the number of pixels matches width, height and channels.
 *
 * @throws LikenessError `image.unusable`
 */
export function checkRaw({ width, height, channels, pixels }: RawImage): void {
  if (width >= 1 && height >= 1 && pixels.length === width * height * channels) return;
  const size = `${width} x ${height} x ${channels}`;
  throw unusable(`received ${pixels.length} bytes of pixels; expected ${size}`);
}

/** Removes the alpha channel: `a * color + (1 - a) * white`. */
function flattenOnWhite({ width, height, channels, pixels }: RawImage): Uint8Array {
  if (channels !== 4) return pixels;
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3]! / 255;
    for (let c = 0; c < 3; c++) out[o++] = Math.round(pixels[i + c]! * alpha + 255 * (1 - alpha));
  }
  return out;
}

/**
 * Expands 1 (gray), 2 (gray and alpha), 3 or 4 interleaved channels to RGB. Alpha is opaque here.
 */
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

/** Crops an image whose longer side is above `MAX_ASPECT * size` to its center. */
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
 * Reads width and height of an image from its header, before any orientation is applied, and the
 * time at which the camera took it.
 *
 * @throws LikenessError `image.unusable`
 */
export async function imageSize(image: EncodedImage | RawImage): Promise<ImageSize> {
  if (image.kind === 'raw') return { width: image.width, height: image.height };
  const known = knownSize(image);
  if (known) return known;
  const format = sniffFormat(image.bytes);
  if (format === undefined) throw unusable(`not an image (${describeContent(image.bytes)})`);
  return sizeWithSharp(format, boundWork(format, image.bytes));
}

/** Reads the size of a BMP or JPEG without a decoder. Undefined for other formats. */
export function knownSize({ bytes }: EncodedImage): ImageSize | undefined {
  const format = sniffFormat(bytes);
  if (format === 'bmp') {
    const { width, height } = readBmpHeader(bytes);
    return { width, height };
  }
  const header = format === 'jpeg' ? readJpegHeader(bytes) : undefined;
  if (!header) return undefined;
  const { width, height, exif } = header;
  const taken = exif && readTaken(exif);
  return { width, height, ...(taken !== undefined && { taken }) };
}
