/**
 * Small plain JPEG pictures, decoded by libjpeg-turbo as WebAssembly: sharp spends about half a millisecond on each picture however
 * small it is, several times as long as decoding one of 64 x 64 pixels. The result is that of sharp, byte for byte.
 */
import createCodec, { type JpegDecoder } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import type { JpegHeader } from './jpegHeader.ts';
import type { RawImage } from './types.ts';

/** Pixels above which sharp is as fast: it decodes with vector instructions and on several threads. */
const MOST_PIXELS = 2 ** 15;

let decoder: JpegDecoder | undefined;
let opening: Promise<void> | undefined;

async function open(): Promise<void> {
  const codec = await createCodec();
  decoder = new codec.JPEGDecoder();
}

/** Decodes a small plain JPEG to RGB or grey; undefined where it is not small, or where anything is wrong with the file. */
export async function decodeSmallJpeg(bytes: Uint8Array, header: JpegHeader): Promise<RawImage | undefined> {
  if (!header.isPlain || header.width * header.height > MOST_PIXELS) return undefined;
  try {
    // Where WebAssembly cannot be had, this fails each time and sharp decodes everything.
    opening ??= open();
    await opening;
    decoder!.getEncodedBuffer(bytes.length).set(bytes);
    decoder!.decode();
    const { width, height, componentCount } = decoder!.getFrameInfo();
    const pixels = Uint8Array.from(decoder!.getDecodedBuffer());
    const isWhole = pixels.length === width * height * componentCount;
    if (!isWhole || width !== header.width || height !== header.height) return undefined;
    return { kind: 'raw', width, height, channels: componentCount === 1 ? 1 : 3, pixels };
  } catch {
    return undefined;
  }
}
