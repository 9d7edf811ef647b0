/** Decodes consecutive images of a source into a pack and reports the stored ones. */
import { inOrder } from '../core/inOrder.ts';
import type { DecodeOptions } from './decode.ts';
import type { PackWriter } from './pack-file.ts';
import { isImageError } from './reasons.ts';
import { contentHash, remarksOf } from './remarks.ts';
import type { DecodedImage, EncodedImage, RawImage, RemarkKind, Source } from './types.ts';

/** Image of the source that is not in the file. `unread` marks an unreadable file. */
export interface SkippedIndex {
  readonly index: number;
  readonly reason: string;
  readonly unread?: true;
}

/** Remark about an image of the source. */
export interface RemarkIndex {
  readonly index: number;
  readonly kind: RemarkKind;
}

/** Images of a source, stored or skipped. Plain data that can be sent to another process. */
export interface StoredPart {
  /** Images of the source, the skipped ones included. */
  readonly done: number;
  /** Index in the source of each stored image. */
  readonly images: readonly number[];
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  readonly skipped: readonly SkippedIndex[];
  /** `contentHash` of each stored image. */
  readonly contents: readonly bigint[];
  /** Remarks about stored images, by index in the source. */
  readonly remarks: readonly RemarkIndex[];
  /** Length of the file with these images. */
  readonly position: number;
}

export type Decode = (
  image: EncodedImage | RawImage,
  options: DecodeOptions,
) => Promise<DecodedImage>;

export interface RangeOptions {
  /** First image, and the one after the last. */
  from: number;
  to: number;
  /** `oneByOne` finishes each image and its report before the next one begins. */
  pace: 'ahead' | 'oneByOne';
  size: number;
  maxPixels: number;
  decode: Decode;
  /** Receives the stored images, in order. The next image waits for it. */
  onStored: (part: StoredPart) => Promise<void> | void;
  signal?: AbortSignal;
}

/** Images in flight, enough to keep libuv's four threads busy. */
const AHEAD = 8;
/** Maximum number of images, and of milliseconds, between two reports. */
const REPORT_IMAGES = 32;
const REPORT_MS = 500;
/** Number of images after the last report that contains every image in flight. */
export const WINDOW = REPORT_IMAGES + AHEAD;

/**
 * Stores the images from `from` up to `to`.
 *
 * @throws an error of `source`, `pack` or `decode` that does not concern a single image, or the
 * signal's reason
 */
export async function storeRange(
  source: Pick<Source, 'read'>,
  pack: PackWriter,
  { from, to, pace, size, maxPixels, decode, onStored, signal }: RangeOptions,
): Promise<void> {
  const decodeOne = async (offset: number): Promise<DecodedImage | SkippedIndex> => {
    try {
      return await decode(await source.read(from + offset), { size, maxPixels });
    } catch (error) {
      if (!isImageError(error)) throw error;
      const unread = error.code === 'image.unreadable';
      return { index: from + offset, reason: error.message, ...(unread && { unread }) };
    }
  };
  const [ahead, perReport] = pace === 'oneByOne' ? [1, 1] : [AHEAD, REPORT_IMAGES];
  let part = emptyPart();
  let reported = performance.now();
  let index = from;
  for await (const result of inOrder(to - from, decodeOne, { ahead, signal })) {
    if ('reason' in result) {
      part.skipped.push(result);
    } else {
      await pack.append(result.pixels);
      part.images.push(index);
      part.widths.push(result.width);
      part.heights.push(result.height);
      part.contents.push(contentHash(result));
      for (const kind of remarksOf(result)) part.remarks.push({ index, kind });
    }
    index++;
    part.done++;
    const isDue = part.done === perReport || performance.now() - reported > REPORT_MS;
    if (!isDue && index < to) continue;
    await onStored({ ...part, position: await pack.flush() });
    part = emptyPart();
    reported = performance.now();
  }
}

function emptyPart() {
  return {
    done: 0,
    images: [] as number[],
    widths: [] as number[],
    heights: [] as number[],
    skipped: [] as SkippedIndex[],
    contents: [] as bigint[],
    remarks: [] as RemarkIndex[],
  };
}
