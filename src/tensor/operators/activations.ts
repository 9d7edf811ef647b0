/** Activation functions composed of other operators. */
import type { Tensor } from '../tensor.ts';
import { add, maximum, minimum, mul, sub } from './binary.ts';
import { greater, lessEqual, where } from './compare.ts';
import { erf, exp, sigmoid } from './elementwise.ts';

/** `min(max(x, low), high)`; the gradient is 0 outside the bounds. */
export function clip(
  x: Tensor,
  { low = -Infinity, high = Infinity }: { low?: number; high?: number },
): Tensor {
  let y = x;
  if (low !== -Infinity) y = maximum(y, low);
  if (high !== Infinity) y = minimum(y, high);
  return y;
}

/** `x` where positive, `slope * x` elsewhere. */
export function leakyRelu(x: Tensor, { slope = 0.01 } = {}): Tensor {
  return where(greater(x, 0), x, mul(x, slope));
}

/** `x` where positive, `alpha (e^x - 1)` elsewhere. */
export function elu(x: Tensor, { alpha = 1 } = {}): Tensor {
  // Clipping the unused branch to 0 keeps its exponential finite: 0 * inf would be NaN in the
  // gradient.
  const below = mul(alpha, sub(exp(minimum(x, 0)), 1));
  return where(lessEqual(x, 0), below, x);
}

/** `x sigmoid(x)`, also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** `x Phi(x)`, with the exact normal distribution function. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(0.5, x), add(1, erf(mul(x, Math.SQRT1_2))));
}

/** `x clip(x / 6 + 1/2, 0, 1)` */
export function hardSwish(x: Tensor): Tensor {
  return mul(x, clip(add(mul(x, 1 / 6), 0.5), { low: 0, high: 1 }));
}
