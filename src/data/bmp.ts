/**
 * Windows bitmaps, uncompressed: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits, with or
 * without channel masks, bottom-up or top-down. Run-length, JPEG and PNG inside BMP are refused.
 *
 * Source: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV4HEADER).
 */
import { unusable } from './reasons.ts';
import type { RawImage } from './types.ts';

const FILE_HEADER = 14;
const RGB = 0;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly headerBytes: number;
  readonly pixelsAt: number;
  readonly colorsUsed: number;
}

/** Reads width, height and layout of a bitmap from its headers. */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FILE_HEADER + 12) throw unusable('truncated BMP header');
  const headerBytes = view.getUint32(14, true);
  const old = headerBytes === 12; // OS/2: 16-bit sizes and nothing else
  if (!old && (headerBytes < 40 || bytes.length < FILE_HEADER + 40))
    throw unusable('broken BMP header');
  const height = old ? view.getUint16(20, true) : view.getInt32(22, true);
  return {
    width: old ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    bits: view.getUint16(old ? 24 : 28, true),
    compression: old ? RGB : view.getUint32(30, true),
    headerBytes,
    pixelsAt: view.getUint32(10, true),
    colorsUsed: old ? 0 : view.getUint32(46, true),
  };
}

/** Reads a channel from a bit field, as `round((word & mask) / mask * 255)`. */
function channelOf(mask: number): (word: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const top = mask >>> shift;
  return (word) => Math.round((((word & mask) >>> shift) * 255) / top);
}

/**
 * Decodes a bitmap to RGB, or to RGB and alpha when its header declares an alpha mask.
 *
 * @throws LikenessError `image.unusable`
 */
export function decodeBmp(bytes: Uint8Array, { maxPixels }: { maxPixels: number }): RawImage {
  const header = readBmpHeader(bytes);
  const { width, height, bits, compression, pixelsAt } = header;
  if (width < 1 || height < 1) throw unusable(`broken BMP header (${width} x ${height} pixels)`);
  if (width * height > maxPixels) throw unusable(tooManyPixels(width, height, maxPixels));
  const masked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (compression !== RGB && !masked) {
    throw unusable('compressed BMP is not supported; convert it to PNG');
  }
  if (![1, 4, 8, 16, 24, 32].includes(bits))
    throw unusable(`BMP with ${bits} bits per pixel is not supported`);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + stride * height > bytes.length) {
    throw unusable(`truncated BMP (${bytes.length} of ${pixelsAt + stride * height} bytes)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  const maskAt = FILE_HEADER + 40;
  const masks: number[] = masked
    ? [0, 4, 8].map((at) => view.getUint32(maskAt + at, true))
    : bits === 16
      ? [0x7c00, 0x03e0, 0x001f]
      : [0xff0000, 0xff00, 0xff];
  const hasAlphaField = masked && (header.headerBytes >= 56 || compression === ALPHA_BITFIELDS);
  const alphaMask = hasAlphaField ? view.getUint32(maskAt + 12, true) : 0;
  const [red, green, blue] = masks.map(channelOf) as [Channel, Channel, Channel];
  const alpha = channelOf(alphaMask);

  const channels = alphaMask !== 0 ? 4 : 3;
  const pixels = new Uint8Array(width * height * channels);
  const paletteAt = FILE_HEADER + header.headerBytes;
  const paletteEntry = header.headerBytes === 12 ? 3 : 4;
  const colors = Math.min(header.colorsUsed || 2 ** bits, 2 ** bits);
  if (bits <= 8 && paletteAt + colors * paletteEntry > bytes.length)
    throw unusable('truncated BMP palette');

  let out = 0;
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + stride * (header.topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      if (bits === 24) {
        pixels[out] = bytes[row + x * 3 + 2]!;
        pixels[out + 1] = bytes[row + x * 3 + 1]!;
        pixels[out + 2] = bytes[row + x * 3]!;
      } else if (bits > 8) {
        const word =
          bits === 32 ? view.getUint32(row + x * 4, true) : view.getUint16(row + x * 2, true);
        pixels[out] = red(word);
        pixels[out + 1] = green(word);
        pixels[out + 2] = blue(word);
        if (channels === 4) pixels[out + 3] = alpha(word);
      } else {
        const bit = x * bits;
        const index = (bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
        const at = paletteAt + Math.min(index, colors - 1) * paletteEntry;
        pixels[out] = bytes[at + 2]!;
        pixels[out + 1] = bytes[at + 1]!;
        pixels[out + 2] = bytes[at]!;
      }
      out += channels;
    }
  }
  return { kind: 'raw', width, height, channels, pixels };
}

type Channel = (word: number) => number;

/** States why an image with more pixels than allowed is refused. */
export function tooManyPixels(width: number, height: number, maxPixels: number): string {
  const million = (n: number) => `${Math.round(n / 1e6).toLocaleString('en-US')} million`;
  return (
    `${width} x ${height} pixels are ${million(width * height)}, more than the limit of ` +
    `${million(maxPixels)}`
  );
}
