import type { ColumnAnswer } from '../../../src/server/protocol.ts';
import { categoryColor, type Pixel, RAMP, rampColor } from './palette.ts';

/** Category of a column with its color, for the legend. */
export interface Category {
  readonly value: number;
  readonly count: number;
  readonly color: Pixel;
}

/** Scale of a column of numbers. */
export interface Scale {
  readonly min: number;
  readonly max: number;
}

/**
 * Lists the categories of int32 values, the largest first. Colors follow the number of a category,
 * so that a cluster keeps its color when sizes change. Unknown values and junk come last.
 */
export function categoriesOf(values: ArrayLike<number>): Category[] {
  const counts = new Map<number, number>();
  for (let row = 0; row < values.length; row++) {
    counts.set(values[row]!, (counts.get(values[row]!) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count, color: categoryColor(value) }))
    .sort((a, b) => Number(a.value < 0) - Number(b.value < 0) || b.count - a.count);
}

/** Finds least and largest of the known values; the 1 % at each end do not stretch the scale. */
export function scaleOf(values: ArrayLike<number>): Scale {
  const known: number[] = [];
  const step = Math.max(1, Math.floor(values.length / 20_000));
  for (let row = 0; row < values.length; row += step) {
    if (!Number.isNaN(values[row]!)) known.push(values[row]!);
  }
  known.sort((a, b) => a - b);
  const at = (share: number) => known[Math.round(share * (known.length - 1))] ?? 0;
  return { min: at(0.01), max: at(0.99) };
}

/** Counts the values that are unknown. */
export function countUnknown(values: ArrayLike<number>): number {
  let count = 0;
  for (let row = 0; row < values.length; row++) if (Number.isNaN(values[row]!)) count++;
  return count;
}

const ramp = Array.from({ length: RAMP }, (_, i) => rampColor(i / (RAMP - 1)));

/** Chooses the color of each row, uint32 [N]. */
export function colorsOf(
  kind: ColumnAnswer['kind'],
  values: ArrayLike<number>,
  unknown: Pixel,
): Uint32Array {
  const colors = new Uint32Array(values.length);
  if (kind === 'category') {
    const known = new Map<number, Pixel>();
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      let color = known.get(value);
      if (color === undefined) {
        color = categoryColor(value);
        known.set(value, color);
      }
      colors[row] = color;
    }
    return colors;
  }
  const { min, max } = scaleOf(values);
  const factor = (RAMP - 1) / Math.max(1e-12, max - min);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const i = Math.round((value - min) * factor);
    colors[row] = Number.isNaN(value) ? unknown : ramp[Math.min(RAMP - 1, Math.max(0, i))]!;
  }
  return colors;
}

/** Rows in the order of drawing, and their colors with the muted ones in gray. */
export function withMuted(
  colors: Uint32Array,
  muted: (row: number) => boolean,
  gray: Pixel,
): { colors: Uint32Array; order: Uint32Array; muted: number } {
  const count = colors.length;
  const out = new Uint32Array(count);
  const order = new Uint32Array(count);
  let [low, high] = [0, count];
  for (let row = count - 1; row >= 0; row--) {
    if (muted(row)) {
      out[row] = gray;
      order[low++] = row;
    } else {
      out[row] = colors[row]!;
      order[--high] = row;
    }
  }
  return { colors: out, order, muted: low };
}
