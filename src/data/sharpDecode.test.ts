import { describe, expect, it } from 'vitest';
import type { Budget } from '../core/budget.ts';
import { detailed, errorOf } from './pictures.cases.ts';
import { type Decoded, decodeWithSharp } from './sharpDecode.ts';
import { tiffFile } from './tiff.cases.ts';

const limits = { size: 8, maxPixels: 10_000, largePixels: 1000 };

/** A budget that lets everything through and remembers the weights. */
function recording(): { budget: Budget; weights: number[] } {
  const weights: number[] = [];
  const run: Budget['run'] = (weight, work) => {
    weights.push(weight);
    return work();
  };
  return { budget: { run }, weights };
}

describe('large images', () => {
  it('wait for their decoded bytes, by the header that the decoder reads', async () => {
    const { budget, weights } = recording();
    const large = detailed(40, 30);
    const files = [
      ['png', await large.clone().png({ progressive: true }).toBuffer()],
      ['png', await large.clone().toColourspace('rgb16').png().toBuffer()],
      ['webp', await large.clone().ensureAlpha(0.5).webp({ lossless: true }).toBuffer()],
      ['jpeg', await large.clone().toColourspace('b-w').jpeg().toBuffer()],
    ] as const;
    for (const [format, file] of files) {
      const { info } = await decodeWithSharp(format, file, { ...limits, budget });
      expect(info).toMatchObject({ width: 11, height: 8 });
    }
    const pixels = 40 * 30;
    expect(weights).toEqual([3 * pixels, 6 * pixels, 4 * pixels, pixels]);
  });

  it('are those above the limit; smaller ones do not wait', async () => {
    const { budget, weights } = recording();
    const file = await detailed(40, 25).png().toBuffer();
    await decodeWithSharp('png', file, { ...limits, budget });
    expect(weights).toEqual([]);
    await decodeWithSharp('png', file, { ...limits, largePixels: 999, budget });
    expect(weights).toEqual([3000]);
  });

  it('are refused above the largest size, and where they are damaged', async () => {
    const { budget, weights } = recording();
    const file = await detailed(101, 100).png().toBuffer();
    const bomb = await errorOf(decodeWithSharp('png', file, { ...limits, budget }));
    expect(bomb.message).toMatch(/^101 x 100 pixels are .* more than the limit/);
    expect(weights).toEqual([]);
    const cut = file.subarray(0, file.length / 2);
    const damaged = await errorOf(
      decodeWithSharp('png', cut, { ...limits, maxPixels: 20_000, budget }),
    );
    expect([damaged.code, weights]).toEqual(['image.unusable', [101 * 100 * 3]]);
  });
});

describe('damaged files', () => {
  it('have the same verdict and reason beside others as alone', async () => {
    const detail = detailed(300, 200);
    const gray = { width: 40, height: 30, data: new Uint8Array(1200).fill(7) };
    const files = [
      ['tiff', tiffFile([gray])],
      ['png', await detail.clone().png().toBuffer()],
      ['webp', await detail.clone().webp().toBuffer()],
      ['gif', await detail.clone().gif().toBuffer()],
      ['jpeg', await detail.clone().jpeg().toBuffer()],
      ['jpeg', await detail.clone().jpeg({ progressive: true }).toBuffer()],
    ] as const;
    const cases = files.flatMap(([format, file]) =>
      [0.3, 0.5, 0.8, 0.95, 1].map((share) => {
        const bytes = Buffer.from(file.subarray(0, file.length * share));
        if (format === 'png') bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 20);
        return () => verdictOf(decodeWithSharp(format, bytes, { ...limits, maxPixels: 1e6 }));
      }),
    );
    const wanted: string[] = [];
    for (const verdict of cases) wanted.push(await verdict());
    expect(new Set(wanted).size).toBeGreaterThan(10);
    for (let round = 0; round < 5; round++) {
      expect(await Promise.all(cases.map((verdict) => verdict()))).toEqual(wanted);
    }
  });
});

/** Names the outcome of decoding a file. */
async function verdictOf(decoding: Promise<Decoded>): Promise<string> {
  try {
    return (await decoding).isRepaired ? 'repaired' : 'used';
  } catch (error) {
    return (error as Error).message;
  }
}
