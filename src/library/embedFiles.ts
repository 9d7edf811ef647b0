/** Features of image files, a few at a time. */
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import type { EncodedImage, RawImage, ValueRange } from '../data/index.ts';
import type { ImageEncoder } from '../encoders/index.ts';
import type { StoredSource } from '../run/index.ts';
import { imageReason, type NamedImage, openImageFiles } from './imageFiles.ts';

/** An image that could not be used, with the reason in one line. */
export interface UnreadableImage {
  readonly path: string;
  readonly reason: string;
}

/** Features of the readable images. */
export interface FileFeatures {
  /** [n] */
  readonly paths: readonly string[];
  /** [n, D] */
  readonly rows: Float32Array;
  readonly unreadable: readonly UnreadableImage[];
}

/** Images in memory at a time. */
export const FILE_BATCH = 16;

export interface FileEncoder {
  encoder: ImageEncoder;
  /** Renders the evaluation view [3, s, s] of an image. */
  view(image: EncodedImage | RawImage): Promise<Uint8Array>;
  /** Source of the encoder's run. */
  stored?: StoredSource;
  /** `all` embeds every picture of a file of several. Default: as for the run on its own images. */
  pages?: 'first' | 'all' | undefined;
  /** Values that become black and white in images of more than 8 bits. Default: as for the run. */
  range?: ValueRange | undefined;
}

/** Embeds image files and all images of folders, and collects those that cannot be read. */
export async function embedFiles(
  { encoder, view, stored, pages, range }: FileEncoder,
  files: readonly string[],
  reporter: Reporter,
): Promise<FileFeatures> {
  const paths: string[] = [];
  const parts: Float32Array[] = [];
  const unreadable: UnreadableImage[] = [];
  const perImage = 3 * encoder.input.size ** 2;
  const pixels = new Uint8Array(FILE_BATCH * perImage);

  async function embed(batch: readonly NamedImage[]): Promise<void> {
    reporter.signal.throwIfAborted();
    const views = await Promise.all(
      batch.map((image) =>
        image
          .read()
          .then(view)
          .catch((error: unknown) => imageReason(error, image.path)),
      ),
    );
    let rows = 0;
    for (const [i, found] of views.entries()) {
      const { path } = batch[i]!;
      if (typeof found === 'string') unreadable.push({ path, reason: found });
      else {
        pixels.set(found, rows++ * perImage);
        paths.push(path);
      }
    }
    if (rows > 0)
      parts.push((await encoder.embedViews(pixels.subarray(0, rows * perImage))).slice());
    reporter.progress({
      stage: 'embed',
      text: `embedded ${plural(paths.length, 'image')}`,
      done: paths.length,
    });
  }

  const { images, close } = await openImageFiles(files, { reporter, stored, pages, range });
  try {
    for (const batch of batchesOf(images)) await embed(batch);
  } finally {
    await close();
  }
  const rows = new Float32Array(paths.length * encoder.dimension);
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return { paths, rows, unreadable };
}

function* batchesOf(images: Iterable<NamedImage>): Iterable<NamedImage[]> {
  let batch: NamedImage[] = [];
  for (const image of images) {
    batch.push(image);
    if (batch.length < FILE_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
