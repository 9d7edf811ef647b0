/**
 * Bernoulli masks inside a step, from random numbers that cost almost nothing to feed.
 *
 * A mask of B x W needs B W uniform numbers. Instead of feeding them, a table T [B, W] of uniform numbers is drawn once
 * and kept in the state; each step draws only one shift per row and one per column, keyed by (seed, step):
 *
 *   u_bj = frac(T_bj + r_b + c_j)
 *
 * Each u_bj is uniform and, as r and c are new in each step, independent of those of every other step; any two of one
 * step are independent as well. What is not: u_bj - u_bi - u_aj + u_ai is the same in every step (mod 1). As row b is another
 * image in each step, no pair of image and column meets that twice.
 */
import type { ProgramState, Values } from '../compile/index.ts';
import { randomAt, type Stream } from '../core/random.ts';
import { add, floor, input, less, reshape, slice, sub, type Tensor } from '../tensor/index.ts';

export interface MaskSource {
  /** Mask number `use` of a step: true with the probabilities given, [B, w] of at most W columns. */
  mask(use: number, probabilities: Tensor): Tensor;
  readonly state: readonly ProgramState[];
  initialValues(seed: number): Values;
  /** Shifts of a step. */
  draws(step: number, seed: number): Values;
}

/** Masks of B rows and at most W columns, `uses` of them in each step, under a name of the state. */
export function createMaskSource(
  name: string,
  { rows: B, columns: W, uses }: { rows: number; columns: number; uses: number },
): MaskSource {
  const table = input(`uniform.${name}`, [B, W]);
  const rowShifts = input(`rowShifts.${name}`, [uses, B]);
  const columnShifts = input(`columnShifts.${name}`, [uses, W]);
  const uniform = (count: number, seed: number, step: number, stream: Stream) => {
    const random = randomAt(seed, stream, step, streamOf(name));
    return new Float32Array(count).map(() => random.uniform());
  };
  return {
    mask(use, probabilities) {
      const w = probabilities.shape[1]!;
      const ofUse = (x: Tensor) => slice(x, { axis: 0, start: use, end: use + 1 });
      const firstColumns = (x: Tensor) => slice(x, { axis: 1, start: 0, end: w });
      const r = reshape(ofUse(rowShifts), [B, 1]);
      const c = firstColumns(ofUse(columnShifts)); // [1, w]
      const sum = add(add(firstColumns(table), r), c); // [B, w], 0 … 3
      return less(sub(sum, floor(sum)), probabilities); // [B, w]
    },
    state: [{ current: table }],
    initialValues: (seed) => ({ [`uniform.${name}`]: uniform(B * W, seed, 0, 'maskTable') }),
    draws: (step, seed) => ({
      [`rowShifts.${name}`]: uniform(uses * B, seed, step, 'maskRowShifts'),
      [`columnShifts.${name}`]: uniform(uses * W, seed, step, 'maskColumnShifts'),
    }),
  };
}

/** A stream of its own per name. */
function streamOf(name: string): number {
  return [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 0);
}
