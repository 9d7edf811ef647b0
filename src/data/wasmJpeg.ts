/**
 * Decodes small plain JPEG images with libjpeg-turbo as WebAssembly.
 *
 * sharp spends about half a millisecond on every image, several times as long as decoding 64 x 64
 * pixels takes. The pixels equal those of sharp, byte for byte. The decoder has its own memory and
 * cannot write outside it.
 */
import createCodec, {
  type JpegDecoder,
} from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import { readJpegHeader } from './jpegHeader.ts';
import type { RawImage } from './types.ts';

/** Maximum image size in pixels. Above it sharp is as fast, and uses several cores. */
const MAX_WASM_PIXELS = 2 ** 15;
/** Maximum file size in bytes. The decoder's memory never shrinks. */
const MAX_WASM_BYTES = 2 ** 20;

/**
 * Number of damaged files after which the decoder is replaced. Each leaks some of its memory, and
 * about 4,500 of 150 x 150 pixels make it trap.
 */
const MAX_FAULTS = 100;

let opened: Promise<JpegDecoder> | undefined;
let faults = 0;

async function open(): Promise<JpegDecoder> {
  const codec = await createCodec();
  return new codec.JPEGDecoder();
}

export interface WasmJpegOptions {
  /** Maximum shorter side in pixels. sharp shrinks a larger image while it decodes. */
  maxShortSide: number;
  /** Maximum number of pixels. Default and upper bound: `MAX_WASM_PIXELS`. */
  maxPixels?: number;
}

/**
 * Decodes a small plain JPEG to RGB or gray.
 *
 * @returns undefined for an image that needs more than decoding (an orientation, a color profile,
 * four channels), that is large, or that has any fault. sharp then decodes it, or states the
 * reason.
 */
export async function decodeWasmJpeg(
  bytes: Uint8Array,
  { maxShortSide, maxPixels = MAX_WASM_PIXELS }: WasmJpegOptions,
): Promise<RawImage | undefined> {
  const header = readJpegHeader(bytes);
  if (!header?.isPlain || bytes.length > MAX_WASM_BYTES) return undefined;
  const { width, height, channels } = header;
  if (Math.min(width, height) > maxShortSide) return undefined;
  if (width * height > Math.min(maxPixels, MAX_WASM_PIXELS)) return undefined;
  try {
    // Fails for every image on systems without WebAssembly. sharp then decodes all of them.
    opened ??= open();
    const decoder = await opened;
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.readHeader();
    const frame = decoder.getFrameInfo();
    // The decoder sizes its buffer by its own reading of the header. Ours only limits the work.
    const agrees =
      frame.width === width && frame.height === height && frame.componentCount === channels;
    if (!agrees) return discard();
    decoder.decode();
    const pixels = Uint8Array.from(decoder.getDecodedBuffer());
    if (pixels.length !== width * height * channels) return discard();
    return { kind: 'raw', width, height, channels, pixels };
  } catch (error) {
    // The decoder throws a number for a damaged file. Any other error is a trap.
    faults++;
    if (typeof error !== 'number' || faults >= MAX_FAULTS) discard();
    return undefined;
  }
}

/** Discards the decoder. The next image gets a new one. */
function discard(): undefined {
  opened = undefined;
  faults = 0;
  return undefined;
}
