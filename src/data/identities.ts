/** Identity of each image of a source: its id and a hash of its decoded pixels. */
import { createHash } from 'node:crypto';
import { openRegular } from '../formats/index.ts';
import { DECODER_VERSION } from './decode.ts';
import type { PixelCache } from './types.ts';

/** Images with a hash of each, [N]. */
export interface ImageIdentities {
  /** Ids, unique. */
  readonly ids: readonly string[];
  /** 16 hexadecimal digits of width, height and pixels. */
  readonly hashes: readonly string[];
  /** Version of the decoder. Other decoders may give other pixels for the same files. */
  readonly decoder: string;
}

export interface IdentityOptions {
  /** Bytes that are hashed in all, which bounds the time to a few seconds. Default 2 GiB. */
  budget?: number;
  signal?: AbortSignal;
}

/** Fewest bytes that are hashed of an image. */
const MIN_BYTES = 4096;

/**
 * Hashes the decoded pixels of images in a pixel cache.
 *
 * Of caches above the budget the middle of each image is hashed: at 100,000 images of 256 pixels
 * the middle tenth. An edit outside of it is noticed where the file was encoded again with losses.
 *
 * @throws the signal's reason where it is aborted
 */
export async function identitiesOf(
  {
    file,
    entries,
    widths,
    heights,
    offsets,
  }: Pick<PixelCache, 'file' | 'entries' | 'widths' | 'heights' | 'offsets'>,
  indices: ArrayLike<number>,
  { budget = 2 ** 31, signal }: IdentityOptions = {},
): Promise<ImageIdentities> {
  const most = Math.max(MIN_BYTES, Math.floor(budget / Math.max(1, indices.length)));
  const handle = await openRegular(file);
  let buffer = Buffer.alloc(0);
  const ids: string[] = [];
  const hashes: string[] = [];
  try {
    for (let i = 0; i < indices.length; i++) {
      signal?.throwIfAborted();
      const index = indices[i]!;
      const [width, height] = [widths[index]!, heights[index]!];
      const bytes = width * height * 3;
      const read = Math.min(bytes, most);
      if (buffer.length < read) buffer = Buffer.alloc(read);
      await handle.read(buffer, 0, read, offsets[index]! + Math.floor((bytes - read) / 2));
      const hash = createHash('sha256')
        .update(`${width}x${height}.`)
        .update(buffer.subarray(0, read));
      ids.push(entries[index]!.id);
      hashes.push(hash.digest('hex').slice(0, 16));
    }
  } finally {
    await handle.close();
  }
  return { ids, hashes, decoder: DECODER_VERSION };
}
