/** JPEG pictures that are nothing but pixels, by the fastest decoder that takes them. */
import { readJpegHeader } from './jpegHeader.ts';
import { decodeSmallJpeg } from './smallJpeg.ts';
import { decodeTurboJpeg, type TurboImage } from './turboJpeg.ts';
import type { RawImage } from './types.ts';

/** From here on sharp decodes a part of the pixels: a JPEG can be shrunk to a half, a quarter or an eighth while it is decoded. */
const SHRUNK_WHILE_DECODED = 2;

/**
 * Decodes a plain JPEG to RGB or grey, as large as it is; undefined where it takes more than decoding (an orientation, a colour
 * profile, four colours), where it is to be shrunk to `shorter` pixels and sharp does so faster, or where anything is wrong with the file: then
 * sharp decodes it, or says why not.
 */
export async function decodePlainJpeg(
  bytes: Uint8Array,
  { shorter, maxPixels }: { shorter: number; maxPixels: number },
): Promise<RawImage | TurboImage | undefined> {
  const header = readJpegHeader(bytes);
  if (!header?.isPlain || header.width * header.height > maxPixels) return undefined;
  const side = Math.min(header.width, header.height);
  if (side >= SHRUNK_WHILE_DECODED * shorter) return undefined;
  const decoded = await decodeTurboJpeg(bytes, header);
  if (decoded) return decoded;
  return side <= shorter ? decodeSmallJpeg(bytes, header) : undefined;
}
