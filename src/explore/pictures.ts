/** Pictures of the page: thumbnails by content, and originals that browsers can show. */
import sharp from 'sharp';
import { createBudget } from '../core/budget.ts';
import { LikenessError } from '../core/errors.ts';
import {
  type EncodedImage,
  isolatedDecoder,
  type Pixels,
  type RawImage,
  type ThumbnailCache,
  thumbnailKey,
} from '../data/index.ts';

/** Bytes of a picture with its type. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Hash of the original and of the side; absent for a picture that is not a thumbnail of it. */
  readonly key?: string;
}

export interface PictureSource {
  /** Reads the original of an image. */
  read(id: string): Promise<EncodedImage | RawImage>;
  /** Finds a stored small picture for an image whose original is gone. */
  stored?(id: string): Uint8Array | undefined;
  /** Opens the thumbnails that stay on this machine. */
  cache?(): Promise<ThumbnailCache>;
}

export interface Pictures {
  /** Makes a WebP whose longer side is at most `side`. @throws LikenessError `image.*` */
  thumbnail(id: string, side: number, signal?: AbortSignal): Promise<Picture>;
  /** Reads the file where browsers can show it, else makes a WebP in full size. */
  original(id: string, signal?: AbortSignal): Promise<Picture>;
  close(): Promise<void>;
}

/** Bytes of thumbnails in memory. */
const MAX_BYTES = 2 ** 27;
/** Originals that are read at once, and pictures that are decoded at once. */
const READ_AT_ONCE = 8;
const AT_ONCE = 4;
/** Longest side of an original that is converted; the limit of WebP. */
const MAX_SIDE = 16_383;
/** Quality of a WebP, and the effort of its encoder, 0 to 6. */
const WEBP = { quality: 78, effort: 2 };
/** Names the rules by which thumbnails are made, so that stored ones of others are not used. */
const VERSION = `1 ${JSON.stringify(WEBP)} ${sharp.versions.webp}`;

/**
 * Opens the pictures of a source. A thumbnail is found by the bytes of its original, which are read
 * each time, so that no picture outlives a change of its file.
 */
export function openPictures(source: PictureSource): Pictures {
  const memory = new Map<string, Uint8Array>();
  const running = new Map<string, Promise<Picture>>();
  const reading = createBudget(READ_AT_ONCE);
  const decoding = createBudget(AT_ONCE);
  let opened: Promise<ThumbnailCache | undefined> | undefined;
  let bytes = 0;

  function cache(): Promise<ThumbnailCache | undefined> {
    opened ??= (source.cache?.() ?? Promise.resolve(undefined)).catch(() => undefined);
    return opened;
  }
  function remember(key: string, picture: Uint8Array): void {
    if (memory.has(key)) return;
    memory.set(key, picture);
    bytes += picture.length;
    for (const [oldest, old] of memory) {
      if (bytes <= MAX_BYTES) break;
      memory.delete(oldest);
      bytes -= old.length;
    }
  }
  /** Finds a thumbnail that was made of the same bytes; undefined where there is none. */
  async function find(id: string, side: number): Promise<Picture | undefined> {
    const key = thumbnailKey(await source.read(id), { side, version: VERSION });
    const held = memory.get(key);
    if (held) {
      memory.delete(key); // moves it to the end, the last to be forgotten
      memory.set(key, held);
      return { bytes: held, type: 'image/webp', key };
    }
    const stored = (await cache())?.get(key);
    if (!stored) return undefined;
    remember(key, stored);
    return { bytes: stored, type: 'image/webp', key };
  }
  /** Makes a thumbnail of the bytes as they are now. */
  async function make(id: string, side: number): Promise<Picture> {
    const original = await source.read(id);
    const key = thumbnailKey(original, { side, version: VERSION });
    const picture = await webpOf(await isolatedDecoder.decode(original, { size: side }), side);
    remember(key, picture);
    (await cache())?.add(key, picture);
    return { bytes: picture, type: 'image/webp', key };
  }
  async function findOrMake(id: string, side: number, signal?: AbortSignal): Promise<Picture> {
    try {
      // A picture that nobody waits for any more, because the page was scrolled, is not made.
      const found = await reading.run(1, async () => {
        signal?.throwIfAborted();
        return find(id, side);
      });
      if (found) return found;
      return await decoding.run(1, async () => {
        signal?.throwIfAborted();
        return make(id, side);
      });
    } catch (error) {
      signal?.throwIfAborted();
      const stored = source.stored?.(id);
      if (!stored) throw error;
      return { bytes: stored, type: typeOf(stored) ?? 'image/webp' };
    }
  }
  return {
    async thumbnail(id, side, signal) {
      const name = `${side}/${id}`;
      const before = running.get(name);
      if (before) {
        // The picture of another request, unless that one was given up.
        const shared = await before.catch(() => undefined);
        if (shared) return shared;
      }
      const made = findOrMake(id, side, signal);
      running.set(name, made);
      try {
        return await made;
      } finally {
        if (running.get(name) === made) running.delete(name);
      }
    },
    async original(id, signal) {
      const original = await source.read(id).catch((error: unknown): EncodedImage => {
        const stored = source.stored?.(id);
        if (stored) return { kind: 'encoded', bytes: stored } satisfies EncodedImage;
        throw error;
      });
      if (original.kind === 'encoded' && (original.page ?? 1) === 1) {
        const type = typeOf(original.bytes);
        if (type !== undefined) return { bytes: original.bytes, type };
      }
      const pixels = await decoding.run(1, () =>
        isolatedDecoder.decode(original, { size: MAX_SIDE, signal }),
      );
      return { bytes: await webpOf(pixels, MAX_SIDE), type: 'image/webp' };
    },
    async close() {
      (await opened)?.close();
    },
  };
}

/** Encodes pixels as WebP, never enlarged. */
async function webpOf({ width, height, pixels }: Pixels, side: number): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp(WEBP)
    .toBuffer();
}

/** Finds the type of a file that browsers show, by its first bytes; undefined for other files. */
export function typeOf(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length));
  const text = head.toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  if (text.slice(4, 12) === 'ftypavif') return 'image/avif';
  return undefined;
}

/** Error for an image whose source has moved. */
export function moved(path: string): LikenessError {
  return new LikenessError(
    'source.missing',
    `The images are not at ${path} any more. Move them back, or cluster them at their new place.`,
  );
}
