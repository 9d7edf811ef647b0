/**
 * Spearman's rank correlation of two lists: the Pearson correlation of their ranks.
 *
 * - Range: -1 to 1. 1: the same order. 0: no monotonic relation. -1: the opposite order. Undefined
 *   where a list has fewer than two values or only equal ones.
 * - Symmetric, and invariant to any increasing transformation of either list.
 * - Equal values share the mean of their ranks, as in SciPy's `spearmanr`.
 *
 * Reference: Spearman, "The proof and measurement of association between two things", 1904.
 */
import { LikenessError } from '../core/errors.ts';

/**
 * Computes the rank correlation of two lists of equal length.
 *
 * @throws LikenessError `spearman.values` when lengths differ or a value is not finite
 *
 * @example spearman([1, 2, 3], [10, 20, 15]) // 0.5
 * @example spearman([1, 2, 3], [3, 2, 1]) // -1
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const [first, second] = [Array.from(a), Array.from(b)];
  if (a.length !== b.length || ![...first, ...second].every(Number.isFinite)) {
    throw new LikenessError(
      'spearman.values',
      `spearman: received lists of ${a.length} and ${b.length} values; ` +
        'expected as many finite numbers in each',
    );
  }
  if (a.length < 2) return undefined;
  const [ra, rb] = [ranks(first), ranks(second)];
  const mean = (a.length + 1) / 2; // the same for all lists of ranks
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < ra.length; i++) {
    const [x, y] = [ra[i]! - mean, rb[i]! - mean];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? undefined : ab / Math.sqrt(aa * bb);
}

/**
 * Ranks values from 1 on. Equal values get the mean of their ranks.
 *
 * @example ranks([5, 1, 5, 9]) // [2.5, 1, 2.5, 4]
 */
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
