/**
 * Color jitter: brightness, contrast, saturation and hue, changed by random amounts in random
 * order.
 *
 * The first three blend the image with a degenerate one, `out = degenerate + factor · (image -
 * degenerate)`, clipped to 0..255 and truncated to integers. The degenerate image is black for
 * brightness, the mean gray value for contrast and the grayscale image for saturation. Factor 1
 * leaves the image unchanged. All bytes equal torchvision's on Pillow images, hence single
 * precision.
 */
import type { Random } from '../core/random.ts';
import { adjustHue } from './hue.ts';
import { luminance } from './luminance.ts';
import { type PlanarImage, scratch } from './planarImage.ts';

const { fround } = Math;

const table = new Uint8Array(256);
const differences = new Float32Array(511);
const grays = scratch((length) => new Uint8Array(length));

/** Clips a blended value to 0..255 and truncates it. */
function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
}

/** Blends every value with one degenerate value, through a table of the 256 results. */
function blendWithValue(data: Uint8Array, degenerate: number, factor: number): void {
  const alpha = fround(factor);
  for (let v = 0; v < 256; v++)
    table[v] = toByte(fround(degenerate + fround(alpha * (v - degenerate))));
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
}

/** Multiplies every value by `factor` (0 or more), in place. */
export function adjustBrightness({ data }: PlanarImage, factor: number): void {
  blendWithValue(data, 0, factor);
}

/** Blends every value with the image's mean gray value, in place; `factor` is 0 or more. */
export function adjustContrast({ data }: PlanarImage, factor: number): void {
  const plane = data.length / 3;
  let sum = 0;
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    sum += luminance(data[r]!, data[g]!, data[b]!);
  }
  blendWithValue(data, Math.trunc(sum / plane + 0.5), factor);
}

/** Blends every color with its own gray value, in place; `factor` is 0 or more. */
export function adjustSaturation({ data }: PlanarImage, factor: number): void {
  const alpha = fround(factor);
  for (let d = -255; d <= 255; d++) differences[d + 255] = alpha * d;
  const plane = data.length / 3;
  const gray = grays(plane);
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    gray[r] = luminance(data[r]!, data[g]!, data[b]!);
  }
  for (let start = 0; start < data.length; start += plane) {
    for (let i = 0; i < plane; i++) {
      const degenerate = gray[i]!;
      data[start + i] = toByte(
        fround(degenerate + differences[data[start + i]! - degenerate + 255]!),
      );
    }
  }
}

/** Ranges of the four properties; 0 leaves a property unchanged. */
export interface ColorJitterRange {
  /** Factor in `[max(0, 1 - brightness), 1 + brightness]`. */
  readonly brightness: number;
  /** Factor in `[max(0, 1 - contrast), 1 + contrast]`. */
  readonly contrast: number;
  /** Factor in `[max(0, 1 - saturation), 1 + saturation]`. */
  readonly saturation: number;
  /** Shift in `[-hue, hue]` turns of the color wheel; at most 0.5. */
  readonly hue: number;
}

/** A drawn change: a factor, or for the hue a shift in turns. */
export type JitterChange = {
  readonly what: 'brightness' | 'contrast' | 'saturation' | 'hue';
  readonly by: number;
};

const properties = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** Draws the changes, in the order in which they are applied. */
export function drawColorJitter(range: ColorJitterRange, random: Random): JitterChange[] {
  const order = random.shuffle([...properties]);
  const amounts = new Map<JitterChange['what'], number>();
  for (const what of properties) {
    const width = range[what];
    if (width === 0) continue;
    const low = what === 'hue' ? -width : Math.max(0, 1 - width);
    const high = what === 'hue' ? width : 1 + width;
    amounts.set(what, random.uniform(low, high));
  }
  return order
    .filter((what) => amounts.has(what))
    .map((what) => ({ what, by: amounts.get(what)! }));
}

const adjust = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
} as const;

/** Applies drawn changes in order, in place. */
export function applyColorJitter(image: PlanarImage, changes: readonly JitterChange[]): void {
  for (const { what, by } of changes) adjust[what](image, by);
}
