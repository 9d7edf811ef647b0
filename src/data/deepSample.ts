/** Values of an image of more than 8 bits per sample, from which the range of a source is found. */
import sharp from 'sharp';
import { reasonOf } from '../core/errors.ts';
import { boundWork } from './boundedWork.ts';
import { deepSamples, MAX_MAGNITUDE } from './deepImages.ts';
import { decoderPage } from './pictureCount.ts';
import { plainReason } from './plainReason.ts';
import { unusable } from './reasons.ts';
import { sniffFormat } from './sniff.ts';
import type { EncodedImage } from './types.ts';

/** Values of one image, with marks of pixels without data left out. */
export interface ValueSample {
  /** Name of their type in libvips, such as `ushort`. */
  readonly depth: string;
  readonly values: Float64Array;
}

/** Longest side of the grid of pixels that are taken. */
const GRID = 128;
const TIME_LIMIT_S = 120;

/** Numbers that stand for pixels without data in elevation models and scans. */
const markers: ReadonlySet<number> = new Set([-9999, -99999, -32768, -32767]);

/**
 * Takes the values of pixels on a grid, unchanged by any interpolation. Undefined for an image of 8
 * bits.
 *
 * NaN, infinities, numbers beyond 10^30, -9999, -99999, -32767, -32768 and the value that GDAL
 * names in a TIFF are left out.
 *
 * @throws LikenessError `image.unusable`
 */
export async function sampleValues({
  bytes: whole,
  page: number = 1,
}: EncodedImage): Promise<ValueSample | undefined> {
  const format = sniffFormat(whole);
  if (format === undefined) return undefined;
  const bytes = boundWork(format, whole);
  try {
    const page = decoderPage(format, bytes, number);
    const deep = await deepSamples(format, bytes, page);
    if (!deep || deep.depth.endsWith('complex')) return undefined;
    const pipeline = sharp(bytes, { failOn: 'error', ...(page > 1 && { page: page - 1 }) })
      .timeout({ seconds: TIME_LIMIT_S })
      .removeAlpha()
      .resize({
        width: GRID,
        height: GRID,
        fit: 'inside',
        withoutEnlargement: true,
        kernel: 'nearest',
      });
    if (deep.offset > 0) pipeline.linear(1, deep.offset);
    const data = await pipeline.toColourspace(deep.space).raw({ depth: 'double' }).toBuffer();
    const all = new Float64Array(data.buffer, data.byteOffset, data.length / 8);
    const values = all
      .map((value) => value - deep.offset)
      .filter(
        (value) => Math.abs(value) < MAX_MAGNITUDE && !markers.has(value) && value !== deep.noData,
      );
    return { depth: deep.depth, values };
  } catch (error) {
    throw unusable(plainReason(format, reasonOf(error)), { cause: error });
  }
}
