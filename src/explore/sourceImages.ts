/** Images of a run's source, which may have moved. */

import { LikenessError } from '../core/errors.ts';
import {
  type EncodedImage,
  openThumbnailCache,
  type RawImage,
  type ThumbnailCache,
} from '../data/index.ts';
import { type Images, openImages } from '../library/images.ts';

export interface SourceImages {
  readonly images: Images;
  /** True where the images are files of a folder, which can be copied, linked and moved. */
  readonly isFolder: boolean;
  /** Label of an image, or -1. */
  labelOf(id: string): number;
  /** Position of an image in the source; undefined where it is gone. */
  indexOf(id: string): number | undefined;
  /** Reads the original. @throws LikenessError `image.unreadable` */
  read(id: string): Promise<EncodedImage | RawImage>;
  /** Opens the thumbnails of the source in the cache folder. */
  thumbnails(): Promise<ThumbnailCache>;
}

/**
 * Opens the images of a source; undefined where they have moved or cannot be read.
 *
 * @param run run whose ways of reading are used
 */
export async function openSourceImages(
  path: string,
  options: { run?: string; signal?: AbortSignal } = {},
): Promise<SourceImages | undefined> {
  try {
    return sourceImagesOf(await openImages(path, options));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof LikenessError) return undefined;
    throw error;
  }
}

/** Wraps images that are open. */
export function sourceImagesOf(images: Images): SourceImages {
  const { source } = images;
  const indices = new Map(source.entries.map(({ id }, index) => [id, index]));
  // Found once: images of more than 8 bits have one range for the whole source.
  let ranged: Promise<typeof source> | undefined;
  return {
    images,
    isFolder: source.kind === 'folder',
    indexOf: (id) => indices.get(id),
    labelOf: (id) => source.entries[indices.get(id) ?? -1]?.label ?? -1,
    async read(id) {
      const index = indices.get(id);
      if (index === undefined) {
        throw new LikenessError('image.unreadable', `"${id}" is not in the source any more`);
      }
      ranged ??= images.ranged();
      return (await ranged).read(index);
    },
    thumbnails: () =>
      openThumbnailCache({ cacheDir: images.cacheDir, path: source.path, name: source.name }),
  };
}
