/** Facts about an image file, by which the image of a group of duplicates to keep is chosen. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isolatedDecoder, type Source } from '../data/index.ts';
import { type ImageFacts, MEASURED_SIDE, sharpnessOf } from '../duplicates/index.ts';
import { pathOfText } from '../formats/index.ts';

export interface MeasuredImage extends ImageFacts {
  /** Hash of the bytes. */
  readonly hash: string;
}

/**
 * Measures the image at an index of a source.
 *
 * @throws LikenessError `image.*` where it cannot be read; the signal's reason where it is aborted
 */
export async function measureImage(
  source: Source,
  index: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<MeasuredImage> {
  const { id } = source.entries[index]!;
  const image = await source.read(index);
  const { width, height, taken } = await isolatedDecoder.size(image, { signal });
  const small = await isolatedDecoder.decode(image, { size: MEASURED_SIDE, signal });
  const bytes = image.kind === 'raw' ? image.pixels : image.bytes;
  const file = source.kind === 'folder' ? pathOfText(source.path, id) : undefined;
  const info = file === undefined ? undefined : await stat(file).catch(() => undefined);
  const page = image.kind === 'raw' ? undefined : image.page;
  return {
    ...{ id, index, width, height, sharpness: sharpnessOf(small), bytes: bytes.length },
    ...(info && { modified: info.mtimeMs }),
    ...(taken !== undefined && { taken }),
    hash: createHash('sha256').update(bytes).update(`#${page}`).digest('base64'),
  };
}
