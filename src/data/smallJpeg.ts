/**
 * Small plain JPEG pictures, decoded by libjpeg-turbo as WebAssembly: sharp spends about half a millisecond on each picture however
 * small it is, several times as long as decoding one of 64 x 64 pixels. The result is that of sharp, byte for byte.
 */
import createCodec, { type JpegDecoder } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import type { RawImage } from './types.ts';

/** Pixels above which sharp is as fast: it decodes with vector instructions and on several threads. */
const MOST_PIXELS = 2 ** 15;

let decoder: JpegDecoder | undefined;
let opening: Promise<void> | undefined;

async function open(): Promise<void> {
  const codec = await createCodec();
  decoder = new codec.JPEGDecoder();
}

/**
 * Decodes a small JPEG picture to RGB or grey; undefined where that takes more than decoding (an orientation, a colour profile,
 * four colours), where the picture is not small or is to be shrunk to `shorter` pixels, or where anything is wrong with the file: then sharp decodes it, or says why not.
 */
export async function decodeSmallJpeg(
  bytes: Uint8Array,
  { shorter, maxPixels }: { shorter: number; maxPixels: number },
): Promise<RawImage | undefined> {
  const header = readJpegHeader(bytes);
  if (!header?.isPlain || header.width * header.height > Math.min(MOST_PIXELS, maxPixels)) return undefined;
  if (Math.min(header.width, header.height) > shorter) return undefined;
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

export interface JpegHeader {
  width: number;
  height: number;
  /** Whether pixels are all there is to it: grey or YCbCr of 8 bits, no orientation, no colour profile. */
  isPlain: boolean;
}

/** Markers of frames that are decoded here: baseline, extended, progressive. */
const FRAMES = [0xc0, 0xc1, 0xc2];
const SCAN = 0xda;
const END = 0xd9;
/** APP1, APP2 and APP14, with the names of what is looked for in them. */
const EXIF = [0xe1, 'Exif\0'] as const;
const PROFILE = [0xe2, 'ICC_PROFILE\0'] as const;
const ADOBE = [0xee, 'Adobe'] as const;
/** Where Adobe's segment says how colours are coded, and its word for YCbCr. */
const TRANSFORM = 11;
const YCBCR = 1;

/** What a JPEG file says before its first scan; undefined where that cannot be read. Source: ITU-T T.81, annex B. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: { width: number; height: number; components: number } | undefined;
  let isPlain = true;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === SCAN) return frame && { width: frame.width, height: frame.height, isPlain };
    const length = view.getUint16(at + 2);
    const next = at + 2 + length;
    if (marker === END || length < 2 || next > bytes.length) return undefined;
    const body = bytes.subarray(at + 4, next);
    const is = ([app, name]: readonly [number, string]) => marker === app && startsWith(body, name);
    if (is(EXIF) || is(PROFILE) || (is(ADOBE) && body[TRANSFORM] !== YCBCR)) isPlain = false;
    // Of the markers C0 to CF these three are no frames: tables of codes, conditions, reserved.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (!FRAMES.includes(marker) || body.length < 6) return undefined;
      frame = { height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: body[5]! };
      const isKnown = body[0] === 8 && (frame.components === 1 || frame.components === 3);
      if (!isKnown || frame.width === 0 || frame.height === 0) isPlain = false;
    }
    at = next;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0));
}
