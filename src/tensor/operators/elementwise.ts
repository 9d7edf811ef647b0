/**
 * Element-wise functions of one tensor. Each entry of the table is one operator: its name, its formula, and its
 * derivative as a graph in terms of input `x`, output `y` and the output's gradient `dy`.
 */
import {
  applyOne,
  type DType,
  defineOperator,
  isFloat,
  refuseShape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { add, div, maximum, minimum, mul, sub } from './binary.ts';
import { greater, lessEqual, where } from './compare.ts';
import { scalar } from './source.ts';

type Derivative = (x: Tensor, y: Tensor, dy: Tensor) => Tensor | undefined;

/** `on`: what the operator takes; the runtime has few kernels for float64. */
function elementwise(
  name: string,
  derivative: Derivative,
  { on = ['float32'] }: { on?: readonly DType[] } = {},
): (x: Tensor) => Tensor {
  defineOperator({
    name,
    infer: ([x]) => {
      if (!on.includes(x!.dtype)) {
        refuseShape(name, `a tensor of type ${x!.dtype}`, `${on.join(' or ')}; cast it first`);
      }
      return [{ shape: x!.shape, dtype: x!.dtype }];
    },
    gradient: ({ inputs: [x], outputs: [y], gradients: [dy] }) => [dy && derivative(x!, y!, dy)],
  });
  return (x) => applyOne(name, [x]);
}

/** `-x` */
export const neg = elementwise('neg', (_x, _y, dy) => neg(dy));
/** `e^x` */
export const exp = elementwise('exp', (_x, y, dy) => mul(dy, y));
/** Natural logarithm. */
export const log = elementwise('log', (x, _y, dy) => div(dy, x));
/** Square root. The gradient at 0 is infinite: add an epsilon inside where 0 can occur. */
export const sqrt = elementwise('sqrt', (x, y, dy) => div(mul(dy, scalar(0.5, x.dtype as 'float32')), y), {
  on: ['float32', 'float64'],
});
/** `1 / x` */
export const reciprocal = elementwise('reciprocal', (_x, y, dy) => neg(mul(dy, mul(y, y))));
/** `|x|`; gradient `sign(x)`, 0 at 0. */
export const abs = elementwise('abs', (x, _y, dy) => mul(dy, sign(x)));
/** -1, 0 or 1; no gradient. */
export const sign = elementwise('sign', () => undefined);
/** Largest whole number not above x; no gradient. */
export const floor = elementwise('floor', () => undefined);
/** `(e^x - e^-x) / (e^x + e^-x)` */
export const tanh = elementwise('tanh', (_x, y, dy) => mul(dy, sub(scalar(1), mul(y, y))));
/** `1 / (1 + e^-x)` */
export const sigmoid = elementwise('sigmoid', (_x, y, dy) => mul(dy, mul(y, sub(scalar(1), y))));
/** Gauss error function. */
export const erf = elementwise('erf', (x, _y, dy) =>
  mul(dy, mul(scalar(2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x))))),
);
/** `max(x, 0)`; gradient 0 at 0. */
export const relu = elementwise('relu', (_x, y, dy) => reluGradient(y, dy));

defineOperator({
  name: 'reluGradient',
  infer: ([y, dy]) => {
    if (showShape(y!.shape) !== showShape(dy!.shape)) {
      refuseShape('reluGradient', `${showShape(y!.shape)} and ${showShape(dy!.shape)}`, 'equal shapes');
    }
    return [{ shape: dy!.shape, dtype: 'float32' }];
  },
  gradient: ({ inputs: [y], gradients: [g] }) => [undefined, g && reluGradient(y!, g)],
});

/** `dy` where the ReLU's output `y` is positive, 0 elsewhere. */
export function reluGradient(y: Tensor, dy: Tensor): Tensor {
  return applyOne('reluGradient', [y, dy]);
}

defineOperator({
  name: 'cast',
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype: dtype as DType }],
  gradient: ({ inputs: [x], gradients: [dy] }) => [dy && isFloat(x!.dtype) ? cast(dy, x!.dtype) : undefined],
});

/** The same values in another type; truncates towards zero when the target is whole. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : applyOne('cast', [x], { dtype });
}

defineOperator({
  name: 'stopGradient',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  gradient: () => [undefined],
});

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne('stopGradient', [x]);
}

/** `min(max(x, low), high)`; the gradient is 0 outside the bounds. */
export function clip(
  x: Tensor,
  { low = -Infinity, high = Infinity }: { low?: number; high?: number },
): Tensor {
  let y = x;
  if (low !== -Infinity) y = maximum(y, scalar(low));
  if (high !== Infinity) y = minimum(y, scalar(high));
  return y;
}

/** `x` where positive, `slope * x` elsewhere. */
export function leakyRelu(x: Tensor, { slope = 0.01 } = {}): Tensor {
  return where(greater(x, scalar(0)), x, mul(x, scalar(slope)));
}

/** `x` where positive, `alpha (e^x - 1)` elsewhere. */
export function elu(x: Tensor, { alpha = 1 } = {}): Tensor {
  // The branch not taken is clipped to 0 so that its exponential stays finite: 0 * inf would be NaN in the gradient.
  const below = mul(scalar(alpha), sub(exp(minimum(x, scalar(0))), scalar(1)));
  return where(lessEqual(x, scalar(0)), below, x);
}

/** `x sigmoid(x)`, also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** `x Phi(x)`, with the exact normal distribution function. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(scalar(0.5), x), add(scalar(1), erf(mul(x, scalar(Math.SQRT1_2)))));
}

/** `ln(1 + e^x)`; its derivative is the sigmoid. */
export const softplus = elementwise('softplus', (x, _y, dy) => mul(dy, sigmoid(x)));

/** `x clip(x / 6 + 1/2, 0, 1)` */
export function hardSwish(x: Tensor): Tensor {
  return mul(x, clip(add(mul(x, scalar(1 / 6)), scalar(0.5)), { low: 0, high: 1 }));
}
