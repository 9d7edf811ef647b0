/** Thumbnails of the page: made once per content, and never of a file as it was. */
import { beforeEach, describe, expect, it } from 'vitest';
import { isolatedDecoder, openThumbnailCache } from '../data/index.ts';
import { plainPng } from '../data/pictures.cases.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { openPictures, type PictureSource } from './pictures.ts';

const folder = useTemporaryFolder();
const files = new Map<string, Uint8Array>();
const source = (): PictureSource => ({
  read: async (id) => {
    const bytes = files.get(id);
    if (!bytes) throw new Error(`${id} is gone`);
    return { kind: 'encoded', bytes };
  },
  cache: () => openThumbnailCache({ cacheDir: folder.path, path: '/photos', name: 'photos' }),
});
beforeEach(async () => {
  files.clear();
  files.set('red', await plainPng(40, 20, [255, 0, 0]));
  files.set('blue', await plainPng(40, 20, [0, 0, 255]));
});

/** Mean red and blue of a picture. */
async function colorOf(bytes: Uint8Array): Promise<'red' | 'blue'> {
  const { pixels } = await isolatedDecoder.decode({ kind: 'encoded', bytes }, { size: 8 });
  return pixels[0]! > pixels[2]! ? 'red' : 'blue';
}

describe('thumbnail', () => {
  it('follows a file that changes while the page is open and between two openings', async () => {
    const pictures = openPictures(source());
    const before = await pictures.thumbnail('red', 64);
    expect(await colorOf(before.bytes)).toBe('red');
    expect((await pictures.thumbnail('red', 64)).key).toBe(before.key);
    files.set('red', files.get('blue')!);
    const after = await pictures.thumbnail('red', 64);
    expect(await colorOf(after.bytes)).toBe('blue');
    expect(after.key).not.toBe(before.key);
    await pictures.close();
    files.set('red', await plainPng(40, 20, [255, 0, 0]));
    const again = openPictures(source());
    expect(await colorOf((await again.thumbnail('red', 64)).bytes)).toBe('red');
    await again.close();
  });

  it('is found in the cache folder without decoding', async () => {
    const first = openPictures(source());
    const made = await first.thumbnail('blue', 64);
    await first.close();
    const again = openPictures(source());
    const { decode } = isolatedDecoder;
    isolatedDecoder.decode = () => Promise.reject(new Error('decoded again'));
    try {
      const found = await again.thumbnail('blue', 64);
      expect(Buffer.from(found.bytes)).toEqual(Buffer.from(made.bytes));
      await expect(again.thumbnail('blue', 256)).rejects.toThrow('decoded again');
    } finally {
      isolatedDecoder.decode = decode;
      await again.close();
    }
  });

  it('is decoded for one request at a time, and for at most four images at once', async () => {
    let [now, most, count] = [0, 0, 0];
    const { decode } = isolatedDecoder;
    for (let i = 0; i < 12; i++) files.set(`image ${i}`, await plainPng(8, 8, [i, 0, 0]));
    isolatedDecoder.decode = async (...given) => {
      count++;
      most = Math.max(most, ++now);
      return decode(...given).finally(() => now--);
    };
    const pictures = openPictures(source());
    try {
      const ids = [...files.keys()].filter((id) => id.startsWith('image'));
      await Promise.all([...ids, ...ids].map((id) => pictures.thumbnail(id, 64)));
    } finally {
      isolatedDecoder.decode = decode;
      await pictures.close();
    }
    expect(count).toBe(12);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('is not made for a request that was given up', async () => {
    const pictures = openPictures(source());
    const gone = AbortSignal.abort(new Error('scrolled away'));
    await expect(pictures.thumbnail('red', 64, gone)).rejects.toThrow('scrolled away');
    expect(await colorOf((await pictures.thumbnail('red', 64)).bytes)).toBe('red');
    await pictures.close();
  });

  it('is the stored one where the original is gone', async () => {
    const stored = await plainPng(4, 4, [0, 0, 255]);
    const pictures = openPictures({ ...source(), stored: () => stored });
    expect(await pictures.thumbnail('lost', 64)).toEqual({ bytes: stored, type: 'image/png' });
    await pictures.close();
    await expect(openPictures(source()).thumbnail('lost', 64)).rejects.toThrow('lost is gone');
  });
});
