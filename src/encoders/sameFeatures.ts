/** Encoders that give the same features to different images: nothing can be learned of them. */
import { plural } from '../core/text.ts';
import { countDistinct, type PixelCache } from '../data/index.ts';
import type { ImageEncoder } from './encoder.ts';

/** Difference from the first row, over its largest value, that is put down to rounding. */
const ROUNDING = 1e-6;

/** Rows that were added so far. */
export interface RowsSeen {
  /** Compares further rows [n, D] with the first one. */
  add(rows: Float32Array): void;
  /** True once a row is another than the first. */
  readonly differ: boolean;
  /** True for two rows or more, all of which are the same. */
  readonly areSame: boolean;
  /** True where the first row is zero. */
  readonly areZero: boolean;
}

/** Compares rows of a dimension as they pass. */
export function rowsSeen(dimension: number): RowsSeen {
  let first: Float32Array | undefined;
  let [count, largest, isSame] = [0, 0, true];
  return {
    add(rows) {
      if (!first) {
        first = rows.slice(0, dimension);
        largest = first.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      }
      count += rows.length / dimension;
      const row = first;
      isSame &&= rows.every((v, i) => Math.abs(v - row[i % dimension]!) <= ROUNDING * largest);
    },
    get differ() {
      return !isSame;
    },
    get areSame() {
      return isSame && count > 1;
    },
    get areZero() {
      return largest === 0;
    },
  };
}

/** Images whose features were compared. */
export interface ComparedSet {
  cache: Pick<PixelCache, 'contents'>;
  indices: Uint32Array;
}

/**
 * Says that all features are the same, and what can be done; undefined for features that differ,
 * and for images of the same pixels.
 */
export function sayIfSame(
  { id, title }: Pick<ImageEncoder, 'id' | 'title'>,
  { cache, indices }: ComparedSet,
  seen: RowsSeen,
): string | undefined {
  if (!seen.areSame || countDistinct(cache, indices) < 2) return undefined;
  const next =
    id === 'model'
      ? 'Take another output of the model with `?output=`, or another model'
      : 'Take another encoder, or train again with other settings';
  const what = seen.areZero ? 'zero' : 'the same';
  return (
    `${title}: the features of all ${plural(indices.length, 'image')} are ${what}, although the ` +
    `images differ, so they tell nothing apart. ${next}.`
  );
}
