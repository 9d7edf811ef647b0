/**
 * thumbnails.safetensors: small pictures of the images that a report shows, as WebP, JPEG or PNG.
 *
 * Tensor `bytes` holds the pictures one after the other, `ends` [n] the byte after each; the
 * metadata hold the ids of the images in the same order.
 */
import { z } from 'zod';
import { encodeSafetensors, writeFileAtomic } from '../formats/index.ts';
import { reportAgain } from './nextSteps.ts';
import { malformedFile, maxTensorBytes, metadataJson, readTensors } from './tensorFile.ts';

const FORMAT = 'likeness thumbnails 1';
/** Largest side of an image that is decoded, in pixels. */
const MAX_SHORT_SIDE = 2 ** 16;
const schema = z.object({
  ids: z.array(z.string()),
  shortSide: z.int().positive().max(MAX_SHORT_SIDE).optional(),
});

export interface Thumbnails {
  /** Encoded pictures by the id of their image. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  /**
   * Median shorter side of the originals in pixels. Small originals are shown with sharp pixels.
   */
  readonly shortSide?: number;
}

/** Writes the pictures. @throws LikenessError `write.*` */
export async function writeThumbnails(
  file: string,
  { pictures, shortSide }: Thumbnails,
): Promise<void> {
  const all = [...pictures.values()];
  const ends = new Int32Array(all.length); // [n]
  let total = 0;
  all.forEach((picture, i) => {
    total += picture.length;
    ends[i] = total;
  });
  const bytes = new Uint8Array(total);
  all.forEach((picture, i) => {
    bytes.set(picture, ends[i]! - picture.length);
  });
  const tensors = {
    bytes: { dtype: 'uint8', shape: [total], data: bytes },
    ends: { dtype: 'int32', shape: [ends.length], data: ends },
  } as const;
  const about = JSON.stringify({ ids: [...pictures.keys()], shortSide });
  const metadata = { format: FORMAT, thumbnails: about };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/** Reads the pictures. @throws LikenessError `thumbnails.missing`, `thumbnails.malformed` */
export async function readThumbnails(file: string): Promise<Thumbnails> {
  const kind = {
    code: 'thumbnails',
    format: FORMAT,
    maxBytes: maxTensorBytes.thumbnails,
    remedy: reportAgain,
  };
  const { tensors, metadata } = await readTensors(file, kind);
  const { ids, ...rest } = metadataJson(file, metadata.thumbnails, schema, kind);
  const bytes = tensors.bytes?.data;
  const ends = tensors.ends?.data;
  const fits =
    bytes instanceof Uint8Array &&
    ends instanceof Int32Array &&
    ends.length === ids.length &&
    ends.every((end, i) => end >= (ends[i - 1] ?? 0) && end <= bytes.length);
  if (!fits)
    throw malformedFile(file, `it does not have a picture for each of ${ids.length} ids`, kind);
  const pictures = new Map(ids.map((id, i) => [id, bytes.subarray(ends[i - 1] ?? 0, ends[i])]));
  return { pictures, ...rest };
}
