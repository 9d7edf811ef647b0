/** Values of an image of more than 8 bits per sample, from which the range of a source is found. */
import sharp from 'sharp';
import { reasonOf } from '../core/errors.ts';
import { inOrder } from '../core/inOrder.ts';
import { boundWork } from './boundedWork.ts';
import { deepSamples, MAX_MAGNITUDE, numbersOf, storedValue } from './deepImages.ts';
import { decoderPage } from './pictureCount.ts';
import { plainReason } from './plainReason.ts';
import { isImageError, unusable } from './reasons.ts';
import { type ImageFormat, sniffFormat } from './sniff.ts';
import type { EncodedImage, Source, StopOptions } from './types.ts';
import { withOwnMessages } from './vipsTurns.ts';

/** Values of one image, with marks of pixels without data left out. */
export interface ValueSample {
  /** Name of their type in libvips, such as `ushort`. */
  readonly depth: string;
  readonly values: Float64Array;
  /** Set where the lowest value is white. */
  readonly isMinWhite?: true;
}

/** Images in flight. */
const AHEAD = 4;

/**
 * Takes values of images of a source. Those of 8 bits, and those that cannot be used, have none.
 *
 * @param sample takes those of one image
 * @throws the signal's reason where it is aborted
 */
export async function samplesOf(
  source: Pick<Source, 'read'>,
  indices: readonly number[],
  {
    sample,
    signal,
  }: { sample: (image: EncodedImage) => Promise<ValueSample | undefined> } & StopOptions,
): Promise<ValueSample[]> {
  const one = async (i: number): Promise<ValueSample | undefined> => {
    try {
      const image = await source.read(indices[i]!);
      return image.kind === 'encoded' ? await sample(image) : undefined;
    } catch (error) {
      if (isImageError(error)) return undefined; // the cache counts unusable images
      throw error;
    }
  };
  const samples: ValueSample[] = [];
  for await (const found of inOrder(indices.length, one, { ahead: AHEAD, signal })) {
    if (found && found.values.length > 0) samples.push(found);
  }
  return samples;
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
    return await withOwnMessages(() => takeValues(format, bytes, number));
  } catch (error) {
    throw unusable(plainReason(format, bytes, reasonOf(error)), { cause: error });
  }
}

async function takeValues(
  format: ImageFormat,
  bytes: Uint8Array,
  number: number,
): Promise<ValueSample | undefined> {
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
  const data = await pipeline.toColourspace(deep.space).raw({ depth: deep.as }).toBuffer();
  const all = Float64Array.from(numbersOf(data, deep));
  const values = all
    .map((sample) => storedValue(sample, deep))
    .filter(
      (value) => Math.abs(value) < MAX_MAGNITUDE && !markers.has(value) && value !== deep.noData,
    );
  return { depth: deep.depth, values, ...(deep.isMinWhite && { isMinWhite: true }) };
}
