/**
 * Reads the fields of a JPEG header that decide which decoder gets the file.
 *
 * The reader is strict and returns nothing for a header with two possible readings. The size found
 * here limits work and is compared with the decoder's own. No decoder gets a buffer of this size.
 */
import { readOrientation, UPRIGHT } from './exif.ts';

export interface JpegHeader {
  width: number;
  height: number;
  channels: 1 | 3;
  /** Set for gray or YCbCr images of 8 bits that are upright and have no color profile. */
  isPlain: boolean;
  /** Exif block, a TIFF structure. */
  exif?: Uint8Array;
}

/** Markers of supported frames: baseline, extended, progressive. */
const FRAMES = [0xc0, 0xc1, 0xc2];
const SCAN = 0xda;
/** Markers without a length: TEM, RST0 to RST7, SOI and EOI. None belongs before the first scan. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);
/** APP1, APP2 and APP14 with the identifiers of their contents. */
const EXIF = [0xe1, 'Exif\0'] as const;
const PROFILE = [0xe2, 'ICC_PROFILE\0'] as const;
const ADOBE = [0xee, 'Adobe'] as const;
/** Offset of the color transform in the Adobe segment, and its value for YCbCr. */
const TRANSFORM = 11;
const YCBCR = 1;

/**
 * Reads the segments before the first scan. Undefined for malformed ones. Source: ITU-T T.81, annex
 * B.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: { width: number; height: number; components: number } | undefined;
  let isPlain = true;
  let exif: Uint8Array | undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === SCAN) {
      if (!frame) return undefined;
      const { width, height, components } = frame;
      const channels = components === 1 ? 1 : 3;
      return { width, height, channels, isPlain, ...(exif && { exif }) };
    }
    if (isBare(marker)) return undefined;
    const length = view.getUint16(at + 2);
    const next = at + 2 + length;
    if (length < 2 || next > bytes.length) return undefined;
    const body = bytes.subarray(at + 4, next);
    const is = ([app, name]: readonly [number, string]) => marker === app && startsWith(body, name);
    if (is(PROFILE) || (is(ADOBE) && body[TRANSFORM] !== YCBCR)) isPlain = false;
    if (is(EXIF)) {
      exif ??= body.subarray(6);
      if (readOrientation(body.subarray(6)) !== UPRIGHT) isPlain = false;
    }
    // C4, C8 and CC are no frames: Huffman tables, reserved, arithmetic conditioning.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (frame || !FRAMES.includes(marker) || body.length < 6) return undefined;
      frame = {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: body[5]!,
      };
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
