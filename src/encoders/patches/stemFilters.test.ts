import { describe, expect, it } from 'vitest';
import { featuresOf } from '../../cluster/index.ts';
import { reporterOf } from '../../core/reporter.ts';
import { tinyCache } from '../../views/tinyCache.cases.ts';
import { useTinyImages } from '../encoder.cases.ts';
import type { PixelSet } from '../encoder.ts';
import { filtersOf, learnDictionary } from './dictionary.ts';
import { patchesOf } from './patchesOf.ts';
import { patchSettings } from './settings.ts';
import { learnStemFilters } from './stemFilters.ts';
import { grayPatches, normalizeContrast, whitenPatches } from './whitenedPatches.ts';

const images = useTinyImages();
const size = 16;
const patches = 3000;
const std = [0.25, 0.2, 0.5] as const;
const few = Uint32Array.from({ length: 120 }, (_, i) => 5 * i);

const set = (): PixelSet => ({ cache: images.cache, indices: few });
const learn = (shape: number[], more: { seed?: number; workers?: number } = {}) =>
  learnStemFilters({
    engine: images.engine,
    images: set(),
    size,
    shape,
    std,
    seed: 3,
    patches,
    ...more,
  });

/** Gray patches of the same draw, [n, k²]. */
async function grayOf(k: number): Promise<Float32Array> {
  const reporter = reporterOf();
  return grayPatches(
    await patchesOf({ images: set(), size, side: k, patches, seed: 3, reporter }),
    k,
  );
}

/** Variance of the responses of each filter to rows [n, d]. */
function variances(filters: Float32Array, rows: Float32Array, d: number): number[] {
  const n = rows.length / d;
  return Array.from({ length: filters.length / d }, (_, o) => {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < n; row++) {
      let r = 0;
      for (let i = 0; i < d; i++) r += filters[o * d + i]! * rows[row * d + i]!;
      sum += r;
      squares += r * r;
    }
    return squares / n - (sum / n) ** 2;
  });
}

describe('learnStemFilters', () => {
  // The stems of the residual networks, and AlexNet's.
  it.each([3, 7, 11])('gives directions of the dictionary, for filters of %i pixels', async (k) => {
    const O = 6;
    const filters = await learn([O, 3, k, k]);
    const drawn = await grayOf(k);
    const { contrast, zca, iterations } = patchSettings.parse({});
    normalizeContrast(drawn, k * k, contrast);
    const whitened = await whitenPatches(images.engine, featuresOf(drawn, k * k), { zca });
    const learning = { filters: O, iterations, seed: 3, part: 2 };
    const { weights } = filtersOf(
      await learnDictionary(images.engine, whitened, learning),
      whitened,
    );
    expect(filters.length).toBe(O * 3 * k * k);
    for (let o = 0; o < O; o++) {
      const own = weights.subarray(o * k * k, (o + 1) * k * k);
      const scales = std.flatMap((s, c) =>
        Array.from(own, (value, i) => filters[(o * 3 + c) * k * k + i]! / (s * value)),
      );
      const [first] = scales;
      expect(first).toBeGreaterThan(0);
      // A filter has a single scale; float32 rounds each value to 1e-7.
      for (const scale of scales) expect(scale / first!).toBeCloseTo(1, 4);
    }
  });

  it('gives responses of the variance that the usual initialization has on average', async () => {
    const k = 3;
    const O = 8;
    const filters = await learn([O, 3, k, k]);
    const gray = await grayOf(k);
    const n = gray.length / (k * k);
    const x = new Float32Array(n * 3 * k * k); // normalized pixels of the three channels
    for (let row = 0; row < n; row++)
      for (let c = 0; c < 3; c++)
        for (let i = 0; i < k * k; i++)
          x[(row * 3 + c) * k * k + i] = gray[row * k * k + i]! / (255 * std[c]!);
    const d = 3 * k * k;
    const each = Float32Array.from({ length: d * d }, (_, at) => (at % (d + 1) === 0 ? 1 : 0));
    const total = variances(each, x, d).reduce((a, b) => a + b, 0);
    const kaiming = 2 / (O * k * k);
    for (const variance of variances(filters, x, d)) {
      expect(variance / (kaiming * total)).toBeCloseTo(1, 3);
    }
  });

  it('gives filters that differ between channels where images have color, and only there', async () => {
    const alike = (filters: Float32Array) =>
      filters.every((value, at) => at % 27 >= 18 || Math.abs(value - filters[at + 9]!) < 1e-6);
    const { engine } = images;
    const options = {
      engine,
      patches,
      size: 9,
      shape: [8, 3, 3, 3],
      std: [1, 1, 1],
      seed: 3,
    } as const;
    const color = await learnStemFilters({ ...options, images: { cache: tinyCache(60) } });
    expect(alike(color)).toBe(false);
    expect(alike(await learnStemFilters({ ...options, images: set() }))).toBe(true);
  });

  it('gives the same bytes whatever the number of workers, and others for another seed', async () => {
    const shape = [4, 3, 3, 3];
    const one = await learn(shape);
    expect(await learn(shape, { workers: 3 })).toEqual(one);
    expect(await learn(shape, { seed: 4 })).not.toEqual(one);
  });

  it('refuses filters on edges, and filters larger than the images', async () => {
    const expected = { code: 'stem.shape' };
    await expect(learn([4, 2, 3, 3])).rejects.toMatchObject(expected);
    await expect(learn([4, 3, 17, 17])).rejects.toMatchObject(expected);
  });
});
