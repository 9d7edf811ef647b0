import { describe, expect, it } from 'vitest';
import type { ReportCluster } from '../run/index.ts';
import { makeThumbnails, thumbnailOf } from './thumbnails.ts';

const image = (path: string) => ({ path, confidence: 1, margin: 1, doubtful: false });
const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const cluster: ReportCluster = {
  ...{ cluster: 0, size: 60, share: 1, cohesion: 1, doubtful: 20 },
  typical: names(40, 't').map(image),
  edge: names(20, 'e').map(image),
};
const thumbnail = (_id: string, size: number) =>
  thumbnailOf({ width: 8, height: 8, pixels: new Uint8Array(192).fill(40) }, size);

describe('thumbnails', () => {
  it('are made of every example, by id', async () => {
    const pictures = await makeThumbnails([cluster], thumbnail);
    expect([...pictures.keys()]).toEqual([...names(40, 't'), ...names(20, 'e')]);
  });

  it('are fewer where the smallest do not fit, a fifth of them doubtful', async () => {
    const [one] = (await makeThumbnails([cluster], thumbnail)).values();
    const each = Math.ceil(one!.length / 3) * 4 + 'data:image/webp;base64,'.length;
    const pictures = await makeThumbnails([cluster], thumbnail, { maxBytes: 15 * each });
    expect([...pictures.keys()]).toEqual(
      [...names(12, 't'), ...names(3, 'e')].slice(0, pictures.size),
    );
    expect(pictures.size * each).toBeLessThanOrEqual(15 * each);
  });

  it('that do not fit are made once where a smaller size is the same', async () => {
    async function made(largestSide?: number) {
      let calls = 0;
      const counting = (id: string, size: number) => {
        calls++;
        return thumbnail(id, size);
      };
      const pictures = await makeThumbnails([cluster], counting, { maxBytes: 1, largestSide });
      expect(pictures.size).toBe(0);
      return calls;
    }
    expect(await made()).toBe(6 * (await made(8)));
    const same = await makeThumbnails([cluster], thumbnail, { largestSide: 8 });
    expect(same).toEqual(await makeThumbnails([cluster], thumbnail));
  });

  it('leave out images that have none', async () => {
    const pictures = await makeThumbnails([cluster], async (id, size) =>
      id === 't3' ? undefined : thumbnail(id, size),
    );
    expect(pictures.size).toBe(59);
    expect(pictures.has('t3')).toBe(false);
  });
});
