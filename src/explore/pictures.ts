/** Pictures of the page: thumbnails in a bounded memory, and originals that browsers can show. */
import sharp from 'sharp';
import { createBudget } from '../core/budget.ts';
import { LikenessError } from '../core/errors.ts';
import { type EncodedImage, isolatedDecoder, type Pixels, type RawImage } from '../data/index.ts';

/** Bytes of a picture with its type. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly type: string;
}

export interface PictureSource {
  /** Reads the original of an image. */
  read(id: string): Promise<EncodedImage | RawImage>;
  /** Finds a stored small picture for an image whose original is gone. */
  stored?(id: string): Uint8Array | undefined;
}

export interface Pictures {
  /** Makes a WebP whose longer side is at most `side`. @throws LikenessError `image.*` */
  thumbnail(id: string, side: number, signal?: AbortSignal): Promise<Picture>;
  /** Reads the file where browsers can show it, else makes a WebP in full size. */
  original(id: string, signal?: AbortSignal): Promise<Picture>;
}

/** Bytes of thumbnails in memory. */
const MAX_BYTES = 2 ** 27;
/** Pictures that are decoded at once. */
const AT_ONCE = 4;
/** Longest side of an original that is converted; the limit of WebP. */
const MAX_SIDE = 16_383;

/** Opens the pictures of a source. */
export function openPictures(source: PictureSource): Pictures {
  const cache = new Map<string, Uint8Array>();
  const running = new Map<string, Promise<Picture>>();
  const budget = createBudget(AT_ONCE);
  let bytes = 0;

  function remember(key: string, picture: Uint8Array): void {
    cache.set(key, picture);
    bytes += picture.length;
    for (const [oldest, old] of cache) {
      if (bytes <= MAX_BYTES) break;
      cache.delete(oldest);
      bytes -= old.length;
    }
  }
  async function make(id: string, side: number, key: string): Promise<Picture> {
    let picture: Uint8Array;
    try {
      const original = await source.read(id);
      picture = await webpOf(await isolatedDecoder.decode(original, { size: side }), side);
    } catch (error) {
      const stored = source.stored?.(id);
      if (!stored) throw error;
      return { bytes: stored, type: typeOf(stored) ?? 'image/webp' };
    }
    remember(key, picture);
    return { bytes: picture, type: 'image/webp' };
  }
  return {
    async thumbnail(id, side, signal) {
      const key = `${side}/${id}`;
      const found = cache.get(key);
      if (found) {
        cache.delete(key); // moves it to the end, the last to be forgotten
        cache.set(key, found);
        return { bytes: found, type: 'image/webp' };
      }
      const before = running.get(key);
      // The picture of another request, unless that one was given up.
      const shared = await before?.catch(() => undefined);
      if (shared) return shared;
      // A picture that nobody waits for any more, because the page was scrolled, is not made.
      const made = budget.run(1, async () => {
        signal?.throwIfAborted();
        return make(id, side, key);
      });
      running.set(key, made);
      try {
        return await made;
      } finally {
        running.delete(key);
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
      const pixels = await budget.run(1, () =>
        isolatedDecoder.decode(original, { size: MAX_SIDE, signal }),
      );
      return { bytes: await webpOf(pixels, MAX_SIDE), type: 'image/webp' };
    },
  };
}

/** Encodes pixels as WebP, never enlarged. */
async function webpOf({ width, height, pixels }: Pixels, side: number): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 78, effort: 2 })
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
