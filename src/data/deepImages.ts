/**
 * Images of more than 8 bits per sample.
 *
 * 16-bit samples are taken to fill their range, as in photographs. Signed and floating-point
 * samples, and those of a sensor with fewer bits, have a scale that the file does not tell. It must
 * be the same for all images of a source, so the person who knows it has to apply it.
 */
import { unusable } from './reasons.ts';
import type { ImageFormat } from './sniff.ts';

/** Largest value of 12 bits. Images below it would come out at most 15 of 255 bright. */
const MAX_12_BITS = 2 ** 12 - 1;
/** Largest value of 14 bits. Images below it come out at most 63 of 255 bright. */
const MAX_14_BITS = 2 ** 14 - 1;

const kinds: Readonly<Record<string, string>> = {
  char: 'signed 8-bit',
  short: 'signed 16-bit',
  int: 'signed 32-bit',
  uint: '32-bit',
  float: 'floating-point',
  double: '64-bit floating-point',
  complex: 'complex',
  dpcomplex: 'complex',
};

const command = (low: string, high: string, extension: string) =>
  `magick mogrify -format png -level ${low},${high} -depth 8 *.${extension}`;

/**
 * Refuses samples that have no scale of their own.
 *
 * @param depth name of the samples' type in libvips
 * @throws LikenessError `image.unusable` with the command that converts a folder
 */
export function requireScale(format: ImageFormat, depth: string): void {
  const kind = kinds[depth];
  if (kind === undefined) return;
  throw unusable(
    `${format.toUpperCase()} file with ${kind} values, whose black and white it does not tell; ` +
      `convert all images with one range to 8 bits, as with GDAL: gdal_translate -ot Byte -scale ` +
      'LOW HIGH 0 255 in.tif out.tif',
  );
}

/** 8-bit samples of a 16-bit image, and a mark for one that is dark. */
export interface Reduced {
  readonly data: Buffer;
  readonly isDim: boolean;
}

/**
 * Reduces 16-bit samples to their high bytes.
 *
 * @throws LikenessError `image.unusable` where all are below 2^12, as those of a 12-bit sensor
 */
export function reduceTo8Bits(format: ImageFormat, samples: Buffer): Reduced {
  const values = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  const data = Buffer.alloc(values.length);
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value > largest) largest = value;
    data[i] = value >> 8;
  }
  if (largest > 0 && largest <= MAX_12_BITS) {
    throw unusable(
      `16-bit ${format.toUpperCase()} file with values up to ${largest} of 65535, which would be ` +
        `black; convert all images with one range to 8 bits: ` +
        command('0', String(MAX_12_BITS), format === 'png' ? 'png' : 'tif'),
    );
  }
  return { data, isDim: largest > 0 && largest <= MAX_14_BITS };
}
