/**
 * Synthetic photographs for benchmarks: soft colors with grain, which decode and compress much like
 * photographs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomAt } from '../src/core/random.ts';

export interface PhotoSize {
  width: number;
  height: number;
}

/** Patches of color along the longer side. */
const PATCHES = 12;
/** Standard deviation of the grain, of 255. */
const GRAIN = 6;
/** Normal draws that the grain of all photos is taken from, at a random place for each row. */
const DRAWS = 2 ** 20;
let drawn: Float32Array | undefined;

/** Grain of any photo. A draw for each value of 24 large photos would take minutes. */
function grain(): Float32Array {
  if (!drawn) {
    const random = randomAt(0, 'synthetic', 0, 1);
    drawn = Float32Array.from({ length: DRAWS }, () => GRAIN * random.normal());
  }
  return drawn;
}

/** Draws a photo as RGB bytes `[height, width, 3]`; the same number gives the same photo. */
export async function madeUpPhoto(
  { width, height }: PhotoSize,
  number: number,
): Promise<Uint8Array> {
  const random = randomAt(0, 'synthetic', number);
  const small = {
    width: PATCHES,
    height: Math.max(2, Math.round((PATCHES * height) / width)),
    channels: 3,
  } as const;
  const patches = Uint8Array.from({ length: small.width * small.height * 3 }, () =>
    random.integer(256),
  );
  const pixels = await sharp(patches, { raw: small })
    .resize({ width, height, fit: 'fill', kernel: 'cubic' })
    .raw({ depth: 'uchar' })
    .toBuffer();
  // Uint8ClampedArray rounds and clips to 0..255.
  const grainy = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  const values = grain();
  for (let row = 0; row < height; row++) {
    const start = random.integer(DRAWS);
    const end = (row + 1) * width * 3;
    for (let i = row * width * 3, at = start; i < end; i++, at++)
      grainy[i] = grainy[i]! + values[at % DRAWS]!;
  }
  return new Uint8Array(grainy);
}

/**
 * Fills a folder with `train/<class>/*.jpg` and `test/<class>/*.jpg`, a tenth of them for tests.
 * The classes are arbitrary.
 */
export async function writeSplits(folder: string, size: PhotoSize, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const part = number % 10 === 9 ? 'test' : 'train';
    const place = join(folder, part, number % 20 < 10 ? 'a' : 'b');
    mkdirSync(place, { recursive: true });
    const file = join(place, `${String(number).padStart(6, '0')}.jpg`);
    writeFileSync(file, await asJpeg(await madeUpPhoto(size, number), size));
  }
}

/** Encodes a JPEG file of quality 90. */
export function asJpeg(pixels: Uint8Array, { width, height }: PhotoSize): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Writes n JPEG files, `000000.jpg` and so on, and returns their paths. */
export async function writePhotos(
  folder: string,
  size: PhotoSize,
  count: number,
): Promise<string[]> {
  mkdirSync(folder);
  const files = Array.from({ length: count }, (_, i) =>
    join(folder, `${String(i).padStart(6, '0')}.jpg`),
  );
  for (const [i, file] of files.entries())
    writeFileSync(file, await asJpeg(await madeUpPhoto(size, i), size));
  return files;
}
