/** Pictures of example images, within a limit on the size of the page. */
import sharp from 'sharp';
import type { Pixels } from '../data/index.ts';
import type { ExampleImage, ReportCluster } from '../run/index.ts';
import { dataUri } from './html/dataUri.ts';

/**
 * Makes a JPEG, PNG or WebP of an image with a shorter side of about `size` pixels; undefined where
 * it cannot.
 */
export type ThumbnailFunction = (id: string, size: number) => Promise<Uint8Array | undefined>;

export interface ThumbnailOptions {
  /** Most bytes of all pictures together, as they are embedded in the page. Default 18 MB. */
  readonly maxBytes?: number;
  /**
   * Size at which every original fits, so that larger thumbnails are the same. Default: not known.
   */
  readonly largestSide?: number;
  /** Receives the number of finished pictures of a size, and that of all. */
  onProgress?(done: number, of: number, size: number): void;
  readonly signal?: AbortSignal;
}

/** Shorter sides that are tried, from sharp on a dense screen to barely recognizable. */
const SIZES = [160, 128, 96, 72, 56, 40];
/** Approximate bytes of a picture of 40 pixels in the page. */
const SMALLEST_BYTES = 1200;
const MIN_PER_CLUSTER = 4;
/** Pictures after which their mean size tells whether all can fit. */
const SAMPLE = 200;

/**
 * Makes every thumbnail at the largest size at which all fit in `maxBytes`, by the id of the image.
 *
 * Where not even the smallest size fits, each cluster gets fewer pictures, the most typical first.
 */
export async function makeThumbnails(
  clusters: readonly ReportCluster[],
  thumbnail: ThumbnailFunction,
  {
    maxBytes = 18_000_000,
    largestSide = Number.POSITIVE_INFINITY,
    onProgress,
    signal,
  }: ThumbnailOptions = {},
): Promise<Map<string, Uint8Array>> {
  const most = clusters.reduce(
    (count, { typical, edge }) => Math.max(count, typical.length + edge.length),
    0,
  );
  const sizes = SIZES.filter((_, i) => (SIZES[i + 1] ?? 0) < largestSide);
  let limit = Math.min(most, Math.floor(maxBytes / Math.max(1, clusters.length) / SMALLEST_BYTES));
  for (limit = Math.max(MIN_PER_CLUSTER, limit); ; limit = Math.floor(limit / 2)) {
    const images = clusters.flatMap((cluster) => limited(cluster, limit));
    for (const size of sizes) {
      const pictures = await allWithin(images, (id) => thumbnail(id, size), {
        ...{ maxBytes, signal },
        onDone: (done) => onProgress?.(done, images.length, size),
      });
      if (pictures !== undefined) return pictures;
    }
    if (limit <= 1) return new Map();
  }
}

/** Encodes pixels as WebP: shorter side `size`, never enlarged, longer side at most twice that. */
export async function thumbnailOf(
  { width, height, pixels }: Pixels,
  size: number,
): Promise<Uint8Array> {
  const scale = Math.min(1, size / Math.min(width, height));
  const side = (length: number) => Math.max(1, Math.min(Math.round(length * scale), 2 * size));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(side(width), side(height), { fit: 'cover' })
    .webp({ quality: 74 })
    .toBuffer();
}

/** Makes all pictures; undefined as soon as they do not fit. */
async function allWithin(
  images: readonly ExampleImage[],
  thumbnail: (id: string) => Promise<Uint8Array | undefined>,
  {
    maxBytes,
    signal,
    onDone,
  }: { maxBytes: number; signal: AbortSignal | undefined; onDone(done: number): void },
): Promise<Map<string, Uint8Array> | undefined> {
  const pictures = new Map<string, Uint8Array>();
  let bytes = 0;
  onDone(0);
  for (const [done, { path }] of images.entries()) {
    signal?.throwIfAborted();
    const picture = await thumbnail(path);
    onDone(done + 1);
    if (picture === undefined) continue;
    pictures.set(path, picture);
    bytes += dataUri(picture).length;
    if (bytes > maxBytes) return undefined;
    if (done + 1 === SAMPLE && (bytes / SAMPLE) * images.length > 1.5 * maxBytes) return undefined;
  }
  return pictures;
}

/** Chooses at most `limit` examples of a cluster, a fifth of them doubtful. */
function limited({ typical, edge }: ReportCluster, limit: number): readonly ExampleImage[] {
  if (typical.length + edge.length <= limit) return [...typical, ...edge];
  const places = Math.min(edge.length, Math.floor(limit / 5));
  return [...typical.slice(0, limit - places), ...edge.slice(0, places)];
}
