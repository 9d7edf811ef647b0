/**
 * Spearman's rank correlation: how far two lists of numbers order things alike.
 *
 * The Pearson correlation of ranks, equal values sharing the mean of their ranks. Range -1 (opposite order) to 1 (the same
 * order); undefined where one list has a single value throughout, or fewer than two entries.
 *
 * Reference: Spearman, "The proof and measurement of association between two things", 1904; equal to SciPy's `spearmanr`.
 */
import { LikenessError } from '../core/errors.ts';

/**
 * @example spearman([1, 2, 3], [10, 20, 15]) // 0.5
 */
export function spearman(a: readonly number[], b: readonly number[]): number | undefined {
  if (a.length !== b.length || [...a, ...b].some((value) => !Number.isFinite(value))) {
    throw new LikenessError(
      'spearman.values',
      `spearman: received lists of ${a.length} and ${b.length} values; expected as many finite numbers in each`,
    );
  }
  if (a.length < 2) return undefined;
  const [ra, rb] = [ranks(a), ranks(b)];
  const middle = (a.length + 1) / 2; // the mean of any list of ranks
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < ra.length; i++) {
    const [x, y] = [ra[i]! - middle, rb[i]! - middle];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? undefined : ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values get the mean of the ranks that they fill. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const out = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) out[order[at]!] = (from + 1 + to) / 2;
    from = to;
  }
  return out;
}
