/** Thumbnails inside the page, within a limit on its size. */
import sharp from 'sharp';
import { LikenessError } from '../core/errors.ts';
import type { Pixels } from '../data/index.ts';
import type { ReportCluster, ReportImage } from './data.ts';

/** A JPEG, PNG or WebP of an image whose shorter side is about `size` pixels; undefined where it cannot be shown. */
export type ThumbnailFunction = (index: number, size: number) => Promise<Uint8Array | undefined>;

export interface EmbeddedThumbnails {
  /** Clusters with only those images that have room. */
  readonly clusters: readonly ReportCluster[];
  /** `data:` URI by image index. */
  readonly uris: ReadonlyMap<number, string>;
}

export interface EmbedOptions {
  /** Most bytes of all data URIs together. Default 18 MB. */
  readonly maxBytes?: number;
  /** In a thumbnail of this size every picture fits as it is, so that larger ones are the same. Default: not known. */
  readonly largestSide?: number;
  readonly signal?: AbortSignal;
}

/** Shorter sides tried, from sharp on a dense screen to just recognisable. */
const SIZES = [160, 128, 96, 72, 56, 40];
/** A picture of 40 pixels takes about this much as a data URI. */
const SMALLEST_BYTES = 1200;
const LEAST_PER_CLUSTER = 4;

/**
 * Makes every thumbnail at the largest size at which all fit in `maxBytes`; when not even the smallest fits, each
 * cluster shows fewer images, most typical ones kept.
 */
export async function embedThumbnails(
  clusters: readonly ReportCluster[],
  thumbnail: ThumbnailFunction,
  { maxBytes = 18_000_000, largestSide = Number.POSITIVE_INFINITY, signal }: EmbedOptions = {},
): Promise<EmbeddedThumbnails> {
  const most = clusters.reduce(
    (count, { typical, edge }) => Math.max(count, typical.length + edge.length),
    0,
  );
  const sizes = SIZES.filter((_, i) => (SIZES[i + 1] ?? 0) < largestSide);
  let limit = Math.min(most, Math.floor(maxBytes / Math.max(1, clusters.length) / SMALLEST_BYTES));
  for (limit = Math.max(LEAST_PER_CLUSTER, limit); ; limit = Math.floor(limit / 2)) {
    const fewer = clusters.map((cluster) => limited(cluster, limit));
    const images = fewer.flatMap(({ typical, edge }) => [...typical, ...edge]);
    for (const size of sizes) {
      const uris = await allWithin(images, thumbnail, size, maxBytes, signal);
      if (uris !== undefined) return { clusters: fewer, uris };
    }
    if (limit <= 1) return { clusters: clusters.map((cluster) => limited(cluster, 0)), uris: new Map() };
  }
}

/** A thumbnail of decoded pixels: WebP, shorter side `size` (never enlarged), longer side at most twice that. */
export async function thumbnailOf({ width, height, pixels }: Pixels, size: number): Promise<Uint8Array> {
  const scale = Math.min(1, size / Math.min(width, height));
  const side = (length: number) => Math.max(1, Math.min(Math.round(length * scale), 2 * size));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(side(width), side(height), { fit: 'cover' })
    .webp({ quality: 74 })
    .toBuffer();
}

async function allWithin(
  images: readonly ReportImage[],
  thumbnail: ThumbnailFunction,
  size: number,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Map<number, string> | undefined> {
  const uris = new Map<number, string>();
  let bytes = 0;
  // The first few hundred tell whether the rest can fit: no need to make them all at every size.
  const sample = 200;
  for (const [done, { index }] of images.entries()) {
    signal?.throwIfAborted();
    const picture = await thumbnail(index, size);
    if (picture === undefined) continue;
    const uri = `data:${typeOf(picture)};base64,${Buffer.from(picture).toString('base64')}`;
    uris.set(index, uri);
    bytes += uri.length;
    if (bytes > maxBytes) return undefined;
    if (done + 1 === sample && (bytes / sample) * images.length > 1.5 * maxBytes) return undefined;
  }
  return uris;
}

function limited(cluster: ReportCluster, limit: number): ReportCluster {
  const { typical, edge } = cluster;
  if (typical.length + edge.length <= limit) return cluster;
  const places = Math.min(edge.length, Math.floor(limit / 5));
  return { ...cluster, typical: typical.slice(0, limit - places), edge: edge.slice(0, places) };
}

function typeOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return 'image/png';
  if (bytes[0] === 0x52 && bytes[8] === 0x57) return 'image/webp';
  throw new LikenessError(
    'report.thumbnail',
    'A thumbnail is neither JPEG, PNG nor WebP; encode it as one of these.',
  );
}
