/** Tells by the structure of a file if it ends too early. */
import type { ImageFormat } from './sniff.ts';
import { tiffDirectories } from './tiff.ts';

const PNG_SIGNATURE_BYTES = 8;
/** Bytes of a PNG chunk around its data: length, type and checksum. */
const CHUNK_BYTES = 12;
/** Bytes of a RIFF header, which its size leaves out. */
const RIFF_BYTES = 8;
/** Least size of a box: size and type. */
const BOX_BYTES = 8;

/**
 * Tells if the file is shorter than it says, or lacks its last part. False for formats whose
 * decoders tell it.
 */
export function endsEarly(format: ImageFormat, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (format === 'png') return !hasLastChunk(view);
    if (format === 'webp') return view.getUint32(4, true) + RIFF_BYTES > bytes.length;
    if (format === 'avif') return !hasWholeBoxes(view);
    if (format === 'tiff') return lastByte(bytes) > bytes.length;
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true; // a position outside of the file
    throw error;
  }
}

/** Source: Portable Network Graphics (PNG) Specification, section 5. */
function hasLastChunk(view: DataView): boolean {
  const end = 0x49454e44; // "IEND"
  for (let at = PNG_SIGNATURE_BYTES; at + CHUNK_BYTES <= view.byteLength; ) {
    if (view.getUint32(at + 4) === end) return true;
    at += CHUNK_BYTES + view.getUint32(at);
  }
  return false;
}

/** Source: ISO/IEC 14496-12 (ISO base media file format), section 4.2. */
function hasWholeBoxes(view: DataView): boolean {
  let at = 0;
  while (at < view.byteLength) {
    const size = view.getUint32(at);
    if (size === 0) return true; // the last box, of any length
    at += Math.max(BOX_BYTES, size === 1 ? Number(view.getBigUint64(at + 8)) : size);
  }
  return at === view.byteLength;
}

/** End of the strips and tiles of all pages. */
function lastByte(bytes: Uint8Array): number {
  let end = 0;
  for (const { dataEnd } of tiffDirectories(bytes)) end = Math.max(end, dataEnd());
  return end;
}
