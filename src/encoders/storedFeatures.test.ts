/** Stored features of an encoder: computed once per image, also after an interruption. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listCaches } from '../data/index.ts';
import { useTinyImages } from './encoder.cases.ts';
import { encoderOf } from './encoder.ts';
import { withStoredFeatures } from './storedFeatures.ts';

const images = useTinyImages();
const D = 4;
const BATCH = 10;

/** An encoder of four pixels, which counts the views that it embeds. */
function counting({ failAfter = Infinity } = {}) {
  const counted = { views: 0 };
  const encoder = encoderOf({
    ...{ id: 'tiny', title: 'tiny', dimension: D, size: 8, batchSize: BATCH },
    run(pixels) {
      if (counted.views >= failAfter) throw new Error('killed');
      counted.views += BATCH;
      const rows = new Float32Array(BATCH * D);
      for (let i = 0; i < BATCH; i++) {
        for (let d = 0; d < D; d++) rows[i * D + d] = pixels[i * 192 + 37 * d]! / 255;
      }
      return rows;
    },
    close: async () => {},
  });
  return { counted, encoder };
}
const indices = Uint32Array.from({ length: 43 }, (_, i) => 3 * i + 1);
const clear = () => {
  for (const { file } of listCaches(images.folder)) {
    if (file.endsWith('.features')) rmSync(file);
  }
};

describe('stored features', () => {
  it('are those of the encoder, and are computed once for each image', async () => {
    clear();
    const { cache } = images;
    const { counted, encoder } = counting();
    const expected = await encoder.embed({ cache, indices });
    counted.views = 0;
    const stored = withStoredFeatures(encoder, { key: 'a', model: 'tiny' });
    expect(await stored.embed({ cache, indices })).toEqual(expected);
    expect(counted.views).toBe(50);
    // A part of them, in another order, and some more.
    const others = indices.slice(5, 20).reverse();
    const again = await stored.embed({ cache, indices: others });
    expect([...again.data]).toEqual(
      [...others].flatMap((index) => {
        const row = indices.indexOf(index);
        return [...expected.data.subarray(row * D, (row + 1) * D)];
      }),
    );
    expect(counted.views).toBe(50);
    await stored.embed({ cache, indices: Uint32Array.of(0, ...indices) });
    expect(counted.views).toBe(60);
    // Another model has features of its own.
    await withStoredFeatures(encoder, { key: 'b', model: 'tiny' }).embed({ cache, indices });
    expect(counted.views).toBe(110);
  });

  it('lose a batch at most where the process is killed, and end with the same values', async () => {
    clear();
    const { cache } = images;
    const whole = counting();
    const expected = await whole.encoder.embed({ cache, indices });
    const killed = counting({ failAfter: 20 });
    const first = withStoredFeatures(killed.encoder, { key: 'a', model: 'tiny' });
    await expect(first.embed({ cache, indices })).rejects.toThrow('killed');
    const { counted, encoder } = counting();
    const second = withStoredFeatures(encoder, { key: 'a', model: 'tiny' });
    expect(await second.embed({ cache, indices })).toEqual(expected);
    expect(counted.views).toBe(30);
  });

  it('are computed each time for a set whose features take more than the limit', async () => {
    clear();
    const { cache } = images;
    const { counted, encoder } = counting();
    const maxBytes = 43 * D * Float32Array.BYTES_PER_ELEMENT;
    const stored = withStoredFeatures(encoder, { key: 'a', model: 'tiny', maxBytes });
    const more = Uint32Array.of(0, ...indices);
    const expected = await encoder.embed({ cache, indices: more });
    counted.views = 0;
    expect(await stored.embed({ cache, indices: more })).toEqual(expected);
    await stored.embed({ cache, indices: more });
    expect(counted.views).toBe(100);
    await stored.embed({ cache, indices });
    await stored.embed({ cache, indices });
    expect(counted.views).toBe(150);
  });

  it('are computed each time for images of no pixel cache', async () => {
    clear();
    const { contents: _, ...cache } = images.cache;
    const { counted, encoder } = counting();
    const stored = withStoredFeatures(encoder, { key: 'a', model: 'tiny' });
    for (const views of [50, 100]) {
      await stored.embed({ cache, indices });
      expect(counted.views).toBe(views);
    }
    expect(listCaches(images.folder).some(({ features }) => features)).toBe(false);
  });
});
