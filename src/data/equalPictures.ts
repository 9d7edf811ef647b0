/** Counts equal pictures of a source, whatever their files, before a cache is made. */
import { inOrder } from '../core/inOrder.ts';
import { isolatedDecoder } from './isolatedDecoder.ts';
import type { SourceHeaders } from './measure.ts';
import { isImageError } from './reasons.ts';
import { contentHash } from './remarks.ts';
import type { CountFunction, SkippedImage, Source, StopOptions } from './types.ts';

/** Images that are decoded at most, and their pixels, which bounds the time to about a minute. */
const MAX_IMAGES = 5000;
const MAX_PIXELS = 2 ** 32;
/** Shorter side that larger pictures are shrunk to before they are compared, in pixels. */
const SIZE = 256;
/** Images in flight. */
const AHEAD = 8;

export interface EqualPictures {
  /** Images whose pixels equal those of an earlier one. */
  readonly count: number;
  /** Number of images that were decoded, which are those of equal width and height. */
  readonly decoded: number;
  /** Images of these that cannot be decoded. */
  readonly damaged: readonly SkippedImage[];
}

/**
 * Counts images that equal an earlier one by their pixels. Only those of equal width and height
 * are decoded. Undefined where these are too many, or where not all headers were read.
 *
 * @throws the signal's reason where it is aborted
 */
export async function countEqualPictures(
  source: Pick<Source, 'entries' | 'read'>,
  { checked, sizeOf }: Pick<SourceHeaders, 'checked' | 'sizeOf'>,
  {
    signal,
    maxImages = MAX_IMAGES,
    onProgress,
  }: StopOptions & { maxImages?: number; onProgress?: CountFunction | undefined } = {},
): Promise<EqualPictures | undefined> {
  if (checked < source.entries.length) return undefined;
  const byShape = new Map<string, number[]>();
  for (const [index, { width, height }] of sizeOf) {
    // The size is that of the first page, and an orientation may swap width and height.
    const isPage = source.entries[index]!.file !== undefined;
    const shape = isPage ? 'page' : `${Math.min(width, height)} ${Math.max(width, height)}`;
    const same = byShape.get(shape);
    if (same) same.push(index);
    else byShape.set(shape, [index]);
  }
  const indices = [...byShape.values()].filter(({ length }) => length > 1).flat();
  const pixels = indices.reduce((sum, index) => {
    const { width, height } = sizeOf.get(index)!;
    return sum + width * height;
  }, 0);
  if (indices.length > maxImages || pixels > MAX_PIXELS) return undefined;
  const hashOf = async (i: number): Promise<bigint | SkippedImage> => {
    const index = indices[i]!;
    try {
      const image = await source.read(index);
      return contentHash(await isolatedDecoder.decode(image, { size: SIZE, signal }));
    } catch (error) {
      if (!isImageError(error)) throw error;
      return { id: source.entries[index]!.id, reason: error.message, damaged: true };
    }
  };
  const hashes: bigint[] = [];
  const damaged: SkippedImage[] = [];
  const options = { ahead: AHEAD, ...(signal && { signal }) };
  for await (const found of inOrder(indices.length, hashOf, options)) {
    if (typeof found === 'bigint') hashes.push(found);
    else damaged.push(found);
    onProgress?.(hashes.length + damaged.length, indices.length);
  }
  return { count: hashes.length - new Set(hashes).size, decoded: indices.length, damaged };
}
