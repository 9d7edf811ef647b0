/** Dropout by a mask that is fed in, so that a step stays a pure function. */
import { LikenessError } from '../../core/errors.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './binary.ts';
import { greaterEqual } from './compare.ts';
import { cast } from './elementwise.ts';

/**
 * Zeroes the elements whose `uniform` draw is below `rate` and scales the others by `1 / (1 -
 * rate)`.
 *
 * @param uniform draws in [0, 1), of the shape of `x` or one that broadcasts to it.
 * @throws LikenessError when the rate is not in [0, 1).
 */
export function dropout(x: Tensor, uniform: Tensor, { rate = 0.5 } = {}): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new LikenessError(
      'dropout.rate',
      `dropout: received a rate of ${rate}; expected 0 <= rate < 1`,
    );
  }
  const mask = cast(greaterEqual(uniform, rate), 'float32');
  return mul(x, mul(mask, 1 / (1 - rate)));
}
