/**
 * Bernoulli masks inside a step, from random numbers that cost almost nothing to feed.
 *
 * A mask of B x W needs B W uniform numbers. Instead of feeding them, a table T [B, W] of uniform
 * numbers is drawn once and kept in the state; each step draws only one shift per row and one per
 * column, keyed by (seed, step):
 *
 *   u_bj = frac(T_bj + r_b + c_j)
 *
 * Each u_bj is uniform and, as r and c are new in each step, independent of those of every other
 * step; any two of one step are independent as well. What is not: u_bj - u_bi - u_aj + u_ai is the
 * same in every step (mod 1). As row b is another image in each step, no pair of image and column
 * meets that twice.
 */
import { randomAt, type Stream } from '../core/random.ts';
import { add, floor, less, reshape, rows, slice, sub, type Tensor } from '../tensor/index.ts';
import type { Step } from './step.ts';

/** Mask number `use` of a step: true with the probabilities given, [B, w] of at most W columns. */
export type Masks = (use: number, probabilities: Tensor) => Tensor;

/**
 * Masks of B rows and at most W columns, `uses` of them in each step, under a name of the state.
 */
export function createMasks(
  step: Pick<Step, 'state' | 'draw'>,
  name: string,
  { rows: B, columns: W, uses }: { rows: number; columns: number; uses: number },
): Masks {
  const uniform = (
    count: number,
    stream: Stream,
    { step: at, seed }: { step: number; seed: number },
  ) => {
    const random = randomAt(seed, stream, at, streamOf(name));
    return new Float32Array(count).map(() => random.uniform());
  };
  const first = (seed: number) => uniform(B * W, 'maskTable', { step: 0, seed });
  const table = step.state(`uniform.${name}`, [B, W], first).current;
  const rowShifts = step.draw(`rowShifts.${name}`, [uses, B], (at) =>
    uniform(uses * B, 'maskRowShifts', at),
  );
  const columnShifts = step.draw(`columnShifts.${name}`, [uses, W], (at) =>
    uniform(uses * W, 'maskColumnShifts', at),
  );
  return (use, probabilities) => {
    const w = probabilities.shape[1]!;
    const firstColumns = (x: Tensor) => slice(x, { axis: 1, start: 0, end: w });
    const r = reshape(rows(rowShifts, use, use + 1), [B, 1]);
    const c = firstColumns(rows(columnShifts, use, use + 1)); // [1, w]
    const sum = add(add(firstColumns(table), r), c); // [B, w], 0 … 3
    return less(sub(sum, floor(sum)), probabilities); // [B, w]
  };
}

/** A stream of its own per name. */
function streamOf(name: string): number {
  return [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 0);
}
