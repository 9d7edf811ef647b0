import { describe, expect, it } from 'vitest';
import { filled, joinRows, runBatches } from './runBatches.ts';

async function* views(counts: number[]) {
  let next = 1;
  for (const count of counts) {
    const images = Uint32Array.from({ length: count }, (_, i) => i);
    yield { images, pixels: Uint8Array.from({ length: 2 * count }, () => next++) };
  }
}

/** Doubles pixels [B, 2], and sums each row. */
const run = async ({ images }: Record<string, ArrayLike<number>>) => ({
  doubled: Float32Array.from(images!, (value) => 2 * value),
  sums: Float32Array.from(
    { length: images!.length / 2 },
    (_, i) => images![2 * i]! + images![2 * i + 1]!,
  ),
});

describe('runBatches and joinRows', () => {
  it('join the rows of images, without those that fill the last batch up', async () => {
    const done: number[] = [];
    const parts = runBatches(filled(views([2, 2, 1]), 2), run as never);
    const found = await joinRows(parts, { count: 5, onRows: (rows) => void done.push(rows) });
    expect([...found.sums!.data]).toEqual([3, 7, 11, 15, 19]);
    expect(found.doubled).toMatchObject({ count: 5, dimension: 2 });
    expect([...found.doubled!.data.slice(-2)]).toEqual([18, 20]);
    expect(done).toEqual([2, 4, 5]);
  });

  it('stop between two batches', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const parts = runBatches(filled(views([2]), 2), run as never, { signal });
    await expect(joinRows(parts, { count: 2 })).rejects.toThrow('enough');
  });
});
