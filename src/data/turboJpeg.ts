/**
 * Plain JPEG pictures, decoded by libjpeg-turbo as a native module: three to ten times as fast as sharp, whose pipeline takes half a
 * millisecond for a picture of any size and passes pixels on row by row. Not every system has the module; sharp decodes what it does not.
 */
import { createRequire } from 'node:module';
import type { JpegHeader } from './jpegHeader.ts';
import type { RawImage } from './types.ts';

interface Turbo {
  readonly FORMAT_RGB: number;
  readonly FORMAT_GRAY: number;
  decompress(bytes: Uint8Array, options: { format: number }): Promise<Decoded>;
  decompressSync(bytes: Uint8Array, options: { format: number }): Decoded;
}

interface Decoded {
  width: number;
  height: number;
  data: Uint8Array;
}

const { turbo, version } = load();

/** Version of the module, or `none`. */
export const TURBO_VERSION = version;

/** The module is not of this kind: it is required, and it may be missing (an optional dependency). */
function load(): { turbo?: Turbo; version: string } {
  const require = createRequire(import.meta.url);
  try {
    const { version } = require('@julusian/jpeg-turbo/package.json') as { version: string };
    return { turbo: require('@julusian/jpeg-turbo') as Turbo, version };
  } catch {
    return { version: 'none' };
  }
}

/** Pixels up to which handing a picture to another thread takes longer than decoding it. */
const AT_ONCE = 2 ** 14;
/**
 * The module has the fast inverse cosine transform only. Its error grows where coefficients are kept to the last digit: up to 3 of 255
 * with steps of 2 and more, up to 10 with steps of 1.
 */
const COARSE = 2;

/**
 * Decodes a plain JPEG to RGB or grey; undefined where it is kept too finely for this decoder, where anything is wrong with the file,
 * or where the module is missing: then sharp decodes it, or says why not.
 *
 * Each value is within 3 of that of an exact decoder (of 255), measured on photographs; the root of the mean square of the difference is 1.4.
 */
export async function decodeTurboJpeg(bytes: Uint8Array, header: JpegHeader): Promise<RawImage | undefined> {
  if (!turbo || !header.isPlain || header.finestStep < COARSE) return undefined;
  const { channels } = header;
  const options = { format: channels === 1 ? turbo.FORMAT_GRAY : turbo.FORMAT_RGB };
  try {
    const isSmall = header.width * header.height <= AT_ONCE;
    const decoded = isSmall ? turbo.decompressSync(bytes, options) : await turbo.decompress(bytes, options);
    const { width, height, data } = decoded;
    if (width !== header.width || height !== header.height) return undefined;
    return { kind: 'raw', width, height, channels, pixels: data };
  } catch {
    return undefined;
  }
}
