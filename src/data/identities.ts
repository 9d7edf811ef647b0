/** Identity of each image of a source: its id and a hash of its decoded pixels. */
import { DECODER_VERSION } from './decode.ts';
import type { PixelCache } from './types.ts';

/** Images with a hash of each, [N]. */
export interface ImageIdentities {
  /** Ids, unique. */
  readonly ids: readonly string[];
  /** 16 hexadecimal digits of width, height and pixels. */
  readonly hashes: readonly string[];
  /**
   * Version of the decoder and the kind of the hashes. Others may give other hashes for the same
   * files.
   */
  readonly decoder: string;
}

/** Kind of the hashes, those of `contentHash`. */
const HASH = 'sha1';

/** Names images of a pixel cache by their ids and the hashes that the cache has of their pixels. */
export function identitiesOf(
  { entries, contents }: Pick<PixelCache, 'entries' | 'contents'>,
  indices: Iterable<number>,
): ImageIdentities {
  const ids: string[] = [];
  const hashes: string[] = [];
  for (const index of indices) {
    ids.push(entries[index]!.id);
    hashes.push(contents[index]!.toString(16).padStart(16, '0'));
  }
  return { ids, hashes, decoder: `${DECODER_VERSION}, ${HASH}` };
}
