/** Headers of images, read before all are decoded. */
import { inOrder } from '../core/inOrder.ts';
import { tooManyPixels } from './bmp.ts';
import { median } from './cache.ts';
import { MAX_PIXELS } from './decode.ts';
import { isolatedDecoder } from './isolatedDecoder.ts';
import { hasPages, pictureCount } from './pictureCount.ts';
import { isImageError, unusable } from './reasons.ts';
import { sniffFormat } from './sniff.ts';
import type {
  CountFunction,
  EncodedImage,
  ImageSize,
  RawImage,
  Remark,
  RemarkKind,
  SkippedImage,
  Source,
  StopOptions,
} from './types.ts';

/** Image sizes in the source, before any shrinking. */
export interface SourceSizes {
  /** Median of the shorter sides, in pixels. */
  readonly medianShortSide: number;
  readonly smallestShortSide: number;
  readonly largestShortSide: number;
  /** Number of images that were measured. */
  readonly samples: number;
}

/** Headers of some images of a source, or of all. */
export interface SourceHeaders {
  /** Number of images whose headers were looked at. */
  readonly checked: number;
  /** Undefined where no header can be read. */
  readonly sizes: SourceSizes | undefined;
  /** Size of each readable image, by its index in the source. */
  readonly sizeOf: ReadonlyMap<number, ImageSize>;
  /** Images whose headers cannot be read. */
  readonly unreadable: readonly SkippedImage[];
  /** Files of several pictures. */
  readonly remarks: readonly Remark[];
}

/** Images, and bytes of files, that are read at most. The latter takes about half a minute. */
const MAX_HEADERS = 5000;
const MAX_BYTES = 4 * 2 ** 30;
/** Images that are read whatever their sizes. */
const FEW = 64;
/** Images in flight. */
const AHEAD = 4;
const MAX_EXAMPLES = 3;

interface HeaderOptions extends StopOptions {
  /** Maximum number of images. Default: 5,000, and fewer where files are large. */
  samples?: number | undefined;
  onProgress?: CountFunction | undefined;
}

/**
 * Reads headers of images, evenly spread over the source.
 *
 * @throws the signal's reason where it is aborted
 */
export async function readHeaders(
  source: Source,
  { samples = mostHeaders(source), onProgress, signal }: HeaderOptions = {},
): Promise<SourceHeaders> {
  const total = source.entries.length;
  const checked = Math.min(samples, total);
  const indexOf = (i: number) => Math.floor((i * total) / checked);
  const sizeOf = new Map<number, ImageSize>();
  const unreadable: SkippedImage[] = [];
  const several: Record<Several, string[]> = { several: [], firstOnly: [] };
  let done = 0;
  const read = (i: number) => headerOf(source, indexOf(i), signal);
  for await (const header of inOrder(checked, read, { ahead: AHEAD, ...(signal && { signal }) })) {
    const index = indexOf(done++);
    const { id } = source.entries[index]!;
    if ('reason' in header) unreadable.push({ id, reason: header.reason, damaged: true });
    else {
      sizeOf.set(index, header.size);
      if (header.kind) several[header.kind].push(id);
    }
    onProgress?.(done, checked);
  }
  const remarks = (['several', 'firstOnly'] as const).map((kind) => {
    const ids = several[kind];
    return { kind, count: ids.length, examples: ids.slice(0, MAX_EXAMPLES) };
  });
  return {
    ...{ checked, sizeOf, unreadable, sizes: summaryOf([...sizeOf.values()]) },
    remarks: remarks.filter(({ count }) => count > 0),
  };
}

/**
 * Measures some images by their headers, evenly spread over the source, before all are decoded.
 *
 * @param samples maximum number of images to measure.
 * @returns undefined if none of them can be read.
 */
export async function measureSource(
  source: Source,
  { samples = FEW, ...options }: HeaderOptions = {},
): Promise<SourceSizes | undefined> {
  return (await readHeaders(source, { samples, ...options })).sizes;
}

/** Number of images whose files have about 4 GiB, by the mean of all. */
function mostHeaders({ entries, bytes }: Source): number {
  const all = [...entries.keys()].reduce((sum, index) => sum + (bytes?.(index) ?? 0), 0);
  const fitting = all > MAX_BYTES ? Math.floor((entries.length * MAX_BYTES) / all) : entries.length;
  return Math.min(MAX_HEADERS, Math.max(FEW, fitting));
}

/** Remark on a file of several pictures. */
type Several = Extract<RemarkKind, 'several' | 'firstOnly'>;

type Header =
  | { readonly size: ImageSize; readonly kind: Several | undefined }
  | { readonly reason: string };

async function headerOf(
  source: Source,
  index: number,
  signal: AbortSignal | undefined,
): Promise<Header> {
  try {
    const image = await source.read(index);
    const size = await isolatedDecoder.size(image, { signal });
    const { width, height } = size;
    if (width * height === 0) throw unusable(`a header with ${width} x ${height} pixels`);
    if (width * height > MAX_PIXELS) throw unusable(tooManyPixels(width, height, MAX_PIXELS));
    return { size, kind: severalIn(image) };
  } catch (error) {
    if (!isImageError(error)) throw error;
    return { reason: error.message };
  }
}

/** Tells if an image is the first of several in its file, and if the others can be read. */
function severalIn(image: EncodedImage | RawImage): Several | undefined {
  if (image.kind === 'raw' || image.page !== undefined) return undefined;
  const format = sniffFormat(image.bytes);
  if (format === undefined || pictureCount(format, image.bytes) === 1) return undefined;
  return hasPages(format) ? 'several' : 'firstOnly';
}

function summaryOf(sizes: readonly ImageSize[]): SourceSizes | undefined {
  const sides = sizes.map(({ width, height }) => Math.min(width, height));
  if (sides.length === 0) return undefined;
  return {
    medianShortSide: median(Uint32Array.from(sides)),
    smallestShortSide: Math.min(...sides),
    largestShortSide: Math.max(...sides),
    samples: sides.length,
  };
}
