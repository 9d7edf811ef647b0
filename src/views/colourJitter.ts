/**
 * Colour jitter: brightness, contrast, saturation and hue, changed by random amounts in a random order.
 *
 * The first three blend the image with a duller one, `out = dull + factor · (image - dull)`, cut to 0..255 and to
 * whole numbers: black for brightness, the mean grey value for contrast, the grey image for saturation. Factor 1
 * changes nothing, 0 gives the dull image. Bit-equal to torchvision on Pillow images, hence single precision.
 */
import type { Random } from '../core/random.ts';
import { adjustHue } from './hue.ts';
import { luminance } from './luminance.ts';
import { type PlanarImage, scratch } from './planarImage.ts';

const { fround } = Math;

const table = new Uint8Array(256);
const differences = new Float32Array(511);
const greys = scratch((length) => new Uint8Array(length));

/** Cuts a blended value to 0..255 and drops its fraction. */
function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
}

/** `out = dull + factor · (v - dull)` for one dull value, through a table of the 256 results. */
function blendWithValue(data: Uint8Array, dull: number, factor: number): void {
  const alpha = fround(factor);
  for (let v = 0; v < 256; v++) table[v] = toByte(fround(dull + fround(alpha * (v - dull))));
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
}

/** Multiplies every value by `factor` (0 or more), in place. */
export function adjustBrightness({ data }: PlanarImage, factor: number): void {
  blendWithValue(data, 0, factor);
}

/** Moves every value away from (factor > 1) or towards (factor < 1) the image's mean grey value, in place. */
export function adjustContrast({ data }: PlanarImage, factor: number): void {
  const plane = data.length / 3;
  let sum = 0;
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    sum += luminance(data[r]!, data[g]!, data[b]!);
  }
  blendWithValue(data, Math.trunc(sum / plane + 0.5), factor);
}

/** Moves every colour away from (factor > 1) or towards (factor < 1) its own grey value, in place. */
export function adjustSaturation({ data }: PlanarImage, factor: number): void {
  const alpha = fround(factor);
  for (let d = -255; d <= 255; d++) differences[d + 255] = alpha * d;
  const plane = data.length / 3;
  const grey = greys(plane);
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    grey[r] = luminance(data[r]!, data[g]!, data[b]!);
  }
  for (let start = 0; start < data.length; start += plane) {
    for (let i = 0; i < plane; i++) {
      const dull = grey[i]!;
      data[start + i] = toByte(fround(dull + differences[data[start + i]! - dull + 255]!));
    }
  }
}

/** How strongly each property varies; 0 leaves it alone. */
export interface ColourJitterRange {
  /** Factor in `[max(0, 1 - brightness), 1 + brightness]`. */
  readonly brightness: number;
  /** Factor in `[max(0, 1 - contrast), 1 + contrast]`. */
  readonly contrast: number;
  /** Factor in `[max(0, 1 - saturation), 1 + saturation]`. */
  readonly saturation: number;
  /** Shift in `[-hue, hue]` turns of the colour circle; at most 0.5. */
  readonly hue: number;
}

export type JitterChange = {
  readonly what: 'brightness' | 'contrast' | 'saturation' | 'hue';
  readonly by: number;
};

const properties = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** Draws the changes in the order in which they will be applied. */
export function drawColourJitter(range: ColourJitterRange, random: Random): JitterChange[] {
  const order = random.shuffle([...properties]);
  const amounts = new Map<JitterChange['what'], number>();
  for (const what of properties) {
    const width = range[what];
    if (width === 0) continue;
    const low = what === 'hue' ? -width : Math.max(0, 1 - width);
    const high = what === 'hue' ? width : 1 + width;
    amounts.set(what, random.uniform(low, high));
  }
  return order.filter((what) => amounts.has(what)).map((what) => ({ what, by: amounts.get(what)! }));
}

const adjust = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
} as const;

/** Applies drawn changes, one after the other, in place. */
export function applyColourJitter(image: PlanarImage, changes: readonly JitterChange[]): void {
  for (const { what, by } of changes) adjust[what](image, by);
}
