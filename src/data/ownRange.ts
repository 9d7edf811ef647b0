/**
 * Range of the values of a source: those that become black and white in all its images of more than
 * 8 bits per sample.
 *
 * The same linear scale for all images keeps differences between them, such as bone that is as
 * bright in every scan. Percentiles leave out hot pixels and a few wrong values. Images of 8 bits
 * stay as they are.
 */
import { extname } from 'node:path';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import { DecoderDied } from './decoderProcess.ts';
import { FULL_RANGE, kindOfSamples, MAX_14_BITS, mayBeDeep } from './deepImages.ts';
import { samplesOf, type ValueSample } from './deepSample.ts';
import { type IsolatedDecoder, isolatedDecoder } from './isolatedDecoder.ts';
import { isImageError } from './reasons.ts';
import { sniffFormat } from './sniff.ts';
import type { EncodedImage, Source, StopOptions, ValueRange } from './types.ts';
import { withRange } from './withRange.ts';

/** Images that are read at most, of PNG files and of other files that may be deep. */
const MAX_IMAGES = 64;
/** Bytes of files after which no more are read. */
const MAX_BYTES = 2 ** 31;
/** Fractions of all values below the first of which all is black, and above the second white. */
const PERCENTILES = [0.001, 0.999] as const;

/** Extensions of formats with 8 bits. Files of other names are looked into. */
const shallow = new Set('.jpg .jpeg .jpe .jfif .gif .webp .avif .bmp .dib'.split(' '));

/** Part of a decoder that takes values. */
type Sampler = Pick<IsolatedDecoder, 'lend' | 'takeBack' | 'sample'>;

/** Range of a source with what it was found from. */
export interface OwnRange {
  readonly range: ValueRange;
  /** Kinds of samples for people, such as `signed 16-bit`. */
  readonly kinds: readonly string[];
  /** Images that were sampled. */
  readonly images: number;
  /** Set where the source has images of 8 bits too. */
  readonly isMixed: boolean;
  /** Set where files mark their lowest value as white. */
  readonly isMinWhite: boolean;
}

/**
 * Range of samples: the full one for 16-bit samples that span more than 14 bits, else from the .1
 * to the 99.9 percentile of all values. Undefined without values.
 *
 * 65,535 stands for pixels without data in some sources of fewer bits. It counts only where the
 * others span more than 14 bits.
 */
export function rangeOfValues(samples: readonly ValueSample[]): ValueRange | undefined {
  const isUnsigned = samples.every(({ depth }) => depth === 'ushort');
  const all = Float64Array.from(samples.flatMap(({ values }) => [...values]));
  if (all.length === 0) return undefined;
  const values = (isUnsigned ? all.filter((value) => value !== FULL_RANGE[1]) : all).sort();
  if (values.length === 0) return FULL_RANGE;
  const [low, high] = spanOf(values);
  // Equal values above 14 bits are plain pictures, which keep their brightness.
  const isPlain = values[0] === values.at(-1) && low > MAX_14_BITS;
  return isUnsigned && (isPlain || high - low > MAX_14_BITS) ? FULL_RANGE : [low, high];
}

/** Percentiles of ascending values, or the least and the largest where these are equal. */
function spanOf(values: Float64Array): ValueRange {
  const at = (fraction: number) => values[Math.round(fraction * (values.length - 1))]!;
  const [low, high] = PERCENTILES.map(at) as [number, number];
  if (low < high) return [low, high];
  const [least, most] = [values[0]!, values.at(-1)!];
  return least < most ? [least, most] : [least, least + 1];
}

/**
 * Finds the range of a source from a sample of its images, evenly spread. Undefined where none of
 * them has more than 8 bits.
 *
 * @throws the signal's reason where it is aborted
 */
export async function ownRange(
  source: Source,
  reporter: Pick<Reporter, 'signal' | 'progress'>,
  { decoder = isolatedDecoder }: { decoder?: Sampler } = {},
): Promise<OwnRange | undefined> {
  const isFiles = source.kind === 'folder' || source.kind === 'image' || source.kind === 'tar';
  if (!isFiles) return undefined;
  const candidates = candidatesOf(source);
  const chosen = spreadOver(source, candidates);
  const samples = await sampled(
    source,
    chosen.filter((index) => mayHaveMoreBits(source, index)),
    { ...reporter, decoder },
  );
  const range = rangeOfValues(samples);
  if (range === undefined) return undefined;
  const kinds = [...new Set(samples.map(({ depth }) => kindOfSamples(depth)))].sort();
  const all = candidates.png.length + candidates.others.length;
  const isMixed = samples.length < chosen.length || all < source.entries.length;
  const isMinWhite = samples.some((sample) => sample.isMinWhite);
  return { range, kinds, images: samples.length, isMixed, isMinWhite };
}

/** Looks at the first bytes of a file, where that is possible without the rest. */
function mayHaveMoreBits({ head }: Source, index: number): boolean {
  try {
    const bytes = head?.(index);
    return bytes === undefined || mayBeDeep(sniffFormat(bytes), bytes);
  } catch (error) {
    if (isImageError(error)) return false; // the cache counts unreadable images
    throw error;
  }
}

/**
 * Takes values of images in a child process, which reads them itself. After a crash of the decoder
 * they are sent one by one, which leaves out the image at fault.
 */
async function sampled(
  source: Source,
  indices: readonly number[],
  { signal, progress, decoder }: Pick<Reporter, 'signal' | 'progress'> & { decoder: Sampler },
): Promise<ValueSample[]> {
  if (indices.length === 0) return [];
  progress({ stage: 'range', text: `sampling values of ${plural(indices.length, 'image')}` });
  const { location, choices: { labels: _, ...choices } = {} } = source;
  if (location !== undefined) {
    const lent = await decoder.lend();
    signal.addEventListener('abort', lent.kill);
    try {
      signal.throwIfAborted();
      const samples = await lent.sampleSource({ kind: 'sampleSource', location, choices, indices });
      decoder.takeBack(lent);
      return samples;
    } catch (error) {
      lent.kill();
      signal.throwIfAborted();
      if (!(error instanceof DecoderDied)) throw error;
    } finally {
      signal.removeEventListener('abort', lent.kill);
    }
  }
  const sample = (image: EncodedImage) => decoder.sample(image, { signal });
  return samplesOf(source, indices, { sample, signal });
}

/**
 * Range of a single image. Undefined for one of 8 bits and for one that cannot be used.
 *
 * @throws the signal's reason where it is aborted
 */
export async function rangeOfImage(
  image: EncodedImage,
  { signal }: StopOptions = {},
): Promise<ValueRange | undefined> {
  try {
    const sample = await isolatedDecoder.sample(image, { signal });
    return sample && rangeOfValues([sample]);
  } catch (error) {
    if (isImageError(error)) return undefined;
    throw error;
  }
}

/** Indices of images that may have more than 8 bits: PNG files, and those of other formats. */
interface Candidates {
  readonly png: readonly number[];
  readonly others: readonly number[];
}

function candidatesOf({ entries }: Source): Candidates {
  const png: number[] = [];
  const others: number[] = [];
  for (const [index, { id }] of entries.entries()) {
    const extension = extname(id.replace(/#\d+$/, '')).toLowerCase();
    if (extension === '.png') png.push(index);
    else if (!shallow.has(extension)) others.push(index);
  }
  return { png, others };
}

/** Indices of the images that are sampled, ascending. */
function spreadOver(source: Source, { png, others }: Candidates): number[] {
  let bytes = 0;
  return [...spread(png), ...spread(others)]
    .filter((index) => {
      bytes += source.bytes?.(index) ?? 0;
      return bytes <= MAX_BYTES;
    })
    .sort((a, b) => a - b);
}

/** Evenly spread indices. Every eighth comes first, so that a part of them is spread as well. */
function spread(indices: readonly number[]): number[] {
  const count = Math.min(MAX_IMAGES, indices.length);
  const all = Array.from(
    { length: count },
    (_, i) => indices[Math.floor((i * indices.length) / count)]!,
  );
  return [0, 4, 2, 6, 1, 5, 3, 7].flatMap((first) => all.filter((_, i) => i % 8 === first));
}

/** Formats the two values, such as `values 0 to 4,095 become black to white`. */
export function rangeText([black, white]: ValueRange): string {
  return `values ${showNumber(black)} to ${showNumber(white)} become black to white`;
}

/** Four digits of fractions, and all digits of whole numbers. */
function showNumber(value: number): string {
  if (Number.isInteger(value)) return showCount(value);
  return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6
    ? Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 10 })
    : value.toExponential(3);
}

/** Gives a source its own range and tells it. The same source where it needs none. */
export async function withOwnRange(source: Source, reporter: Reporter): Promise<Source> {
  const found = await ownRange(source, reporter);
  if (!found) return source;
  const { range, kinds, images, isMixed, isMinWhite } = found;
  const message =
    `${kinds.join(' and ')} images: ${rangeText(range)}, by ${plural(images, 'sampled image')}. ` +
    (isMinWhite ? 'Files that mark their lowest value as white are reversed. ' : '') +
    `${isMixed ? 'Images of 8 bits stay as they are. ' : ''}\`range\` sets other values`;
  reporter.note({ code: 'images.range', message });
  if (kinds.length > 1) {
    const mixed = `${kinds.join(' and ')} images share one range. \`exclude\` those of one kind`;
    reporter.warn({
      code: 'images.range',
      message: `${mixed} where their values differ in meaning`,
    });
  }
  return withRange(source, range);
}
