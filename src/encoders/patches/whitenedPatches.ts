/**
 * Patches of images, normalized in contrast and whitened.
 *
 * A patch p of n values becomes `u = (p - mean p) / sqrt(var p + c)`, so that brightness and
 * contrast do not count, and `x = W (u - m)` with `W = V diag(lambda + e)^(-1/2) Vᵀ` (ZCA), so that
 * neighboring pixels are not correlated.
 *
 * Source: Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature
 * learning", 2011, sections 3.1.1 and 3.1.2; the values of c and e are theirs for bytes.
 */
import type { Engine } from '../../backends/index.ts';
import {
  type Covariance,
  covariance,
  type Features,
  spectrum,
  whiten,
} from '../../cluster/index.ts';
import { randomAt } from '../../core/random.ts';

/** Channels of a patch: the three colors, or their luminance. */
export type PatchKind = 'color' | 'gray';

export interface WhitenedPatches {
  /** `[count, d]`, x */
  readonly data: Float32Array;
  readonly count: number;
  /** Values d of a patch. */
  readonly dimension: number;
  /** `[d]`, m */
  readonly means: Float64Array;
  /** `[d, d]`, W */
  readonly whitening: Float32Array;
}

/** Weights of red, green and blue in the luminance (ITU-R BT.601). */
export const LUMINANCE = [0.299, 0.587, 0.114] as const;

export interface DrawOptions {
  /** Side S of the images. */
  size: number;
  /** Side of a patch. */
  side: number;
  /** Patches per image. */
  perImage: number;
  seed: number;
}

/**
 * Draws color patches of one image [3, S, S] at random positions: `[perImage, 3 side²]`, values 0 to
 * 255.
 *
 * @param index position of the image in the random stream, so that its patches are always the same
 */
export function drawPatches(
  pixels: Uint8Array,
  index: number,
  { size, side, perImage, seed }: DrawOptions,
): Float32Array {
  const random = randomAt(seed, 'patchPositions', index);
  const out = new Float32Array(perImage * 3 * side * side);
  let at = 0;
  for (let patch = 0; patch < perImage; patch++) {
    const y = random.integer(size - side + 1);
    const x = random.integer(size - side + 1);
    for (let channel = 0; channel < 3; channel++)
      for (let row = 0; row < side; row++) {
        const from = (channel * size + y + row) * size + x;
        for (let i = 0; i < side; i++) out[at++] = pixels[from + i]!;
      }
  }
  return out;
}

/** Luminance of color patches [n, 3 side²]: `[n, side²]`. */
export function grayPatches(color: Float32Array, side: number): Float32Array {
  const area = side * side;
  const count = color.length / (3 * area);
  const out = new Float32Array(count * area);
  for (let patch = 0; patch < count; patch++)
    for (let i = 0; i < area; i++) {
      const from = patch * 3 * area + i;
      out[patch * area + i] =
        LUMINANCE[0] * color[from]! +
        LUMINANCE[1] * color[from + area]! +
        LUMINANCE[2] * color[from + 2 * area]!;
    }
  return out;
}

/** Normalizes the contrast of patches [n, d] in place. */
export function normalizeContrast(patches: Float32Array, d: number, contrast: number): void {
  for (let start = 0; start < patches.length; start += d) {
    let sum = 0;
    let squares = 0;
    for (let i = start; i < start + d; i++) {
      sum += patches[i]!;
      squares += patches[i]! ** 2;
    }
    const mean = sum / d;
    const scale = 1 / Math.sqrt(Math.max(0, squares / d - mean * mean) + contrast);
    for (let i = start; i < start + d; i++) patches[i] = (patches[i]! - mean) * scale;
  }
}

/** Whitens patches [n, d] of normalized contrast, with the statistics of these patches. */
export async function whitenPatches(
  engine: Engine,
  patches: Features,
  { zca }: { zca: number },
): Promise<WhitenedPatches> {
  const around = await covariance(engine, patches);
  const whitening = zcaOf(around, zca); // [d, d]
  const { means } = around;
  const basis = { means, projection: whitening, variances: new Float64Array(0), explained: 1 };
  const { data, count, dimension } = await whiten(engine, patches, basis);
  return { data, count, dimension, means, whitening };
}

/** `V diag(lambda + e)^(-1/2) Vᵀ` of a covariance [d, d]. */
function zcaOf(around: Covariance, epsilon: number): Float32Array {
  const { dimension: d } = around;
  const { values, vectors } = spectrum(around);
  const out = new Float64Array(d * d);
  for (let k = 0; k < d; k++) {
    const scale = 1 / Math.sqrt(values[k]! + epsilon);
    for (let i = 0; i < d; i++) {
      const left = scale * vectors[k * d + i]!;
      for (let j = 0; j < d; j++) out[i * d + j]! += left * vectors[k * d + j]!;
    }
  }
  return Float32Array.from(out);
}
