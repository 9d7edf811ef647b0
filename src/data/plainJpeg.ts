/** JPEG pictures that are nothing but pixels, by the fastest decoder that takes them. */
import { readJpegHeader } from './jpegHeader.ts';
import { withRoom } from './rooms.ts';
import { decodeSmallJpeg } from './smallJpeg.ts';
import { decodeTurboJpeg, undoRoundingDown } from './turboJpeg.ts';
import type { Pixels, RawImage } from './types.ts';

/** From here on sharp decodes a part of the pixels: a JPEG can be shrunk to a half, a quarter or an eighth while it is decoded. */
const SHRUNK_WHILE_DECODED = 2;

export interface PlainJpegOptions {
  /** Length that a longer shorter side is shrunk to, in pixels. */
  shorter: number;
  maxPixels: number;
  /** Makes what is kept of the decoded picture; a picture that is to be shrunk is not to be looked at afterwards. */
  finish: (image: RawImage) => Promise<Pixels>;
}

/**
 * Decodes a plain JPEG to what `finish` makes of it; undefined where it takes more than decoding (an orientation, a colour profile, four
 * colours), where it is to be shrunk to `shorter` pixels and sharp does so faster, or where anything is wrong with the file: then sharp decodes it, or
 * says why not.
 */
export async function decodePlainJpeg(
  bytes: Uint8Array,
  { shorter, maxPixels, finish }: PlainJpegOptions,
): Promise<Pixels | undefined> {
  const header = readJpegHeader(bytes);
  if (!header?.isPlain || header.width * header.height > maxPixels) return undefined;
  const side = Math.min(header.width, header.height);
  if (side >= SHRUNK_WHILE_DECODED * shorter) return undefined;

  const byTurbo = async (room?: Buffer) => {
    const image = await decodeTurboJpeg(bytes, header, room);
    const pixels = image && (await finish(image));
    // After shrinking, as it goes over every value.
    if (pixels && header.channels === 3) undoRoundingDown(pixels.pixels);
    return pixels;
  };
  if (side > shorter) return withRoom(header.width * header.height * header.channels, byTurbo);
  const found = await byTurbo();
  if (found) return found;
  const small = await decodeSmallJpeg(bytes, header);
  return small && finish(small);
}
