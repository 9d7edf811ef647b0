/**
 * Filters for the first convolution of a network, learned from patches of the images.
 *
 * A dictionary direction d on whitened patches is the filter `a = dW - mean(dW)` on pixels (see
 * `responses`). The convolution reads normalized pixels `x = (p / 255 - mean) / std`, so the filter
 * on channel c is `w = s std_c a`, and the mean adds a constant that a batch norm removes. Scale s
 * gives each filter the variance of responses that the usual initialization has on average: with
 * weights from N(0, v) that is v times the sum of the variances of the values of a patch. Here v is
 * Kaiming's `2 / (O k²)` (see `kaimingFanOut`).
 *
 * Source: Coates, Lee and Ng 2011 for the filters (see `whitenedPatches`, `dictionary`). A gray
 * image has one dictionary on its luminance, and its filters are alike on the three channels.
 */
import type { Engine } from '../../backends/index.ts';
import { type Covariance, covariance, featuresOf } from '../../cluster/index.ts';
import { LikenessError } from '../../core/errors.ts';
import { type Reporter, reporterOf } from '../../core/reporter.ts';
import type { PixelSet } from '../encoder.ts';
import { filtersOf, learnDictionary } from './dictionary.ts';
import { patchesOf } from './patchesOf.ts';
import { patchSettings } from './settings.ts';
import { grayPatches, normalizeContrast, whitenPatches } from './whitenedPatches.ts';

export interface StemFiltersOptions {
  engine: Engine;
  images: PixelSet;
  /** Side S of the evaluation view, in pixels. */
  size: number;
  /** Shape [O, 3, k, k] of the filters. */
  shape: readonly number[];
  /** Per channel, divides the pixels that the convolution reads. */
  std: readonly [number, number, number];
  seed: number;
  /** Number of patches to learn from, about. Default: that of patch features. */
  patches?: number;
  /** Worker threads that make the evaluation views. Default 1. */
  workers?: number;
  reporter?: Reporter;
}

/** Dictionary of the stem among those of one seed. */
const PART = 2;
/** Differences of channels up to this are put down to compression, in levels of 0 to 255. */
const MAX_GRAY_DIFFERENCE = 16;
/** Smallest variance of responses, in levels squared: silent filters are not amplified. */
const MIN_VARIANCE = 1e-6;

/**
 * Learns the filters [O, 3, k, k] of a first convolution.
 *
 * The same images, options and threads of the engine give the same filters.
 *
 * @throws LikenessError `stem.shape` for filters that do not read three channels, or are larger
 * than the images
 */
export async function learnStemFilters(options: StemFiltersOptions): Promise<Float32Array> {
  const { engine, size, shape, std, seed, reporter = reporterOf() } = options;
  const [O, , k] = checkedShape(shape, size);
  const { patches: most, contrast, zca, iterations } = patchSettings.parse({});
  const count = options.patches ?? most;
  const color = await patchesOf({ ...options, side: k, patches: count, reporter }); // [n, 3 k²]
  const isGray = !hasColor(color, k * k);
  const patches = isGray ? grayPatches(color, k) : color; // [n, C k²]
  const channels = isGray ? 1 : 3;
  const d = channels * k * k;
  reporter.progress({ stage: 'patches', text: 'learning the first filters from patches' });
  const spread = await covariance(engine, featuresOf(patches, d));
  normalizeContrast(patches, d, contrast);
  const whitened = await whitenPatches(engine, featuresOf(patches, d), { zca });
  const { signal } = reporter;
  const learning = { filters: O, iterations, seed, part: PART, signal };
  const dictionary = await learnDictionary(engine, whitened, learning); // [O, d]
  const { weights } = filtersOf(dictionary, whitened); // [O, d]
  return scaled(weights, { spread, std, O, area: k * k, channels });
}

/** Filters on normalized pixels with the variance of Kaiming's initialization, [O, 3, k, k]. */
function scaled(
  filters: Float32Array,
  {
    spread,
    std,
    O,
    area,
    channels,
  }: {
    spread: Covariance;
    std: readonly [number, number, number];
    O: number;
    area: number;
    channels: number;
  },
): Float32Array {
  const { matrix, dimension: d } = spread;
  let total = 0;
  for (const [c, s] of std.entries())
    for (let i = 0; i < area; i++) {
      const at = channels === 1 ? i : c * area + i;
      total += matrix[at * d + at]! / (255 * s) ** 2;
    }
  const wanted = (2 / (O * area)) * total;
  const out = new Float32Array(O * 3 * area);
  for (let o = 0; o < O; o++) {
    const filter = filters.subarray(o * d, (o + 1) * d);
    const scale = Math.sqrt(wanted / Math.max(MIN_VARIANCE, varianceOf(filter, spread)));
    for (const [c, s] of std.entries())
      for (let i = 0; i < area; i++) {
        const value = channels === 1 ? filter[i]! / 3 : filter[c * area + i]!;
        out[(o * 3 + c) * area + i] = scale * value * 255 * s;
      }
  }
  return out;
}

/** Variance `aᵀ C a` of the responses of a filter. */
function varianceOf(filter: Float32Array, { matrix, dimension: d }: Covariance): number {
  let sum = 0;
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) sum += filter[i]! * filter[j]! * matrix[i * d + j]!;
  return sum;
}

/** Tells patches [n, 3 area] with color from gray ones. */
function hasColor(patches: Float32Array, area: number): boolean {
  for (let start = 0; start < patches.length; start += 3 * area)
    for (let i = start; i < start + area; i++) {
      const [r, g, b] = [patches[i]!, patches[i + area]!, patches[i + 2 * area]!];
      if (Math.max(r, g, b) - Math.min(r, g, b) > MAX_GRAY_DIFFERENCE) return true;
    }
  return false;
}

function checkedShape(shape: readonly number[], size: number): [number, number, number] {
  const [O, C, k, width] = shape as [number, number, number, number];
  if (shape.length === 4 && C === 3 && k === width && k <= size) return [O, C, k];
  throw new LikenessError(
    'stem.shape',
    `stemStart: received filters of shape ${shape.join(' x ')} for images of ${size} px; expected ` +
      'square filters on three channels, not larger than the images. Set stemStart=random, or ' +
      'frontEnd=none and larger images.',
  );
}
