/**
 * Features without learning, as baselines of a learned encoder.
 *
 * Both take images as `[N, 3, S, S]` planar RGB bytes and give `[N, D]` floats.
 */
import { LikenessError } from '../core/errors.ts';

export interface PlanarImages {
  /** `[count, 3, size, size]`, 0 to 255. */
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly size: number;
}

/** Values per image of `rawPixels`. */
export function rawPixelDimension(size: number, { side = 32 }: { side?: number } = {}): number {
  return 3 * Math.min(size, side) ** 2;
}

/**
 * Pixels, 0 to 1, averaged down to at most `side` x `side`: `[N, 3 min(S, side)²]`.
 *
 * Each small pixel is the mean over the area that it covers, with parts of pixels at its edges.
 */
export function rawPixels(
  images: PlanarImages,
  { side = 32 }: { side?: number } = {},
): Float32Array {
  const { pixels, count, size } = checked('raw pixels', images);
  const to = Math.min(size, side);
  const taps = areaTaps(size, to);
  const out = new Float32Array(count * 3 * to * to);
  const rows = new Float64Array(to * size);
  for (let plane = 0; plane < count * 3; plane++) {
    const from = plane * size * size;
    // Down first, then across: [S, S] -> [to, S] -> [to, to].
    rows.fill(0);
    for (let y = 0; y < to; y++)
      for (const { index, weight } of taps[y]!)
        for (let x = 0; x < size; x++)
          rows[y * size + x]! += weight * pixels[from + index * size + x]!;
    for (let y = 0; y < to; y++)
      for (let x = 0; x < to; x++) {
        let sum = 0;
        for (const { index, weight } of taps[x]!) sum += weight * rows[y * size + index]!;
        out[(plane * to + y) * to + x] = sum / 255;
      }
  }
  return out;
}

/** Source pixels that each target pixel covers, with weights that sum to 1. */
function areaTaps(size: number, to: number): { index: number; weight: number }[][] {
  const scale = size / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * scale, (i + 1) * scale];
    const taps: { index: number; weight: number }[] = [];
    for (let index = Math.floor(start); index < Math.min(size, Math.ceil(end)); index++) {
      const covered = Math.min(end, index + 1) - Math.max(start, index);
      if (covered > 1e-9) taps.push({ index, weight: covered / scale });
    }
    return taps;
  });
}

/**
 * Joint color histogram, `[N, bins³]`: share of pixels per cell of the RGB cube, square root taken.
 *
 * Rows have length 1, and the cosine of two is the Bhattacharyya coefficient of the histograms
 * (Hellinger
 * distance). Without the root the few large cells would dominate. Ignores shape and position.
 */
export function colorHistogram(
  images: PlanarImages,
  { bins = 4 }: { bins?: number } = {},
): Float32Array {
  if (!Number.isInteger(bins) || bins < 1 || bins > 16) {
    throw new LikenessError(
      'histogram.bins',
      `color histogram: received bins = ${bins}; expected 1 to 16`,
    );
  }
  const { pixels, count, size } = checked('color histogram', images);
  const area = size * size;
  const cells = bins ** 3;
  const out = new Float32Array(count * cells);
  for (let image = 0; image < count; image++) {
    const red = image * 3 * area;
    for (let i = red; i < red + area; i++) {
      const cell =
        (((pixels[i]! * bins) >> 8) * bins + ((pixels[i + area]! * bins) >> 8)) * bins +
        ((pixels[i + 2 * area]! * bins) >> 8);
      out[image * cells + cell]! += 1;
    }
  }
  return out.map((pixelCount) => Math.sqrt(pixelCount / area));
}

function checked(what: string, images: PlanarImages): PlanarImages {
  const expected = images.count * 3 * images.size ** 2;
  if (images.size < 1 || images.pixels.length < expected) {
    throw new LikenessError(
      'baseline.pixels',
      `${what}: received ${images.pixels.length} bytes for ${images.count} images ` +
        `of ${images.size} x ${images.size}; expected ${expected}`,
    );
  }
  return images;
}
