/** Element-wise functions of one tensor. */
import {
  applyOne,
  type DType,
  defineOperator,
  refuseShape,
  showShape,
  type Tensor,
} from '../tensor.ts';

/** `on`: types that the operator takes. ONNX Runtime has few kernels for float64. */
function elementwise(
  name: string,
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
  });
  return (x) => applyOne(name, [x]);
}

/** `-x` */
export const neg = elementwise('neg');
/** `e^x` */
export const exp = elementwise('exp');
/** Natural logarithm. */
export const log = elementwise('log');
/** Square root. Its gradient at 0 is infinite; add an epsilon inside where 0 can occur. */
export const sqrt = elementwise('sqrt', { on: ['float32', 'float64'] });
/** `1 / x` */
export const reciprocal = elementwise('reciprocal');
/** `|x|`; gradient `sign(x)`, 0 at 0. */
export const abs = elementwise('abs');
/** -1, 0 or 1; no gradient. */
export const sign = elementwise('sign');
/** Largest whole number not above x; no gradient. */
export const floor = elementwise('floor');
/** `(e^x - e^-x) / (e^x + e^-x)` */
export const tanh = elementwise('tanh');
/** `1 / (1 + e^-x)` */
export const sigmoid = elementwise('sigmoid');
/** Gauss error function. */
export const erf = elementwise('erf');
/** `ln(1 + e^x)`; its derivative is the sigmoid. */
export const softplus = elementwise('softplus');
/** `max(x, 0)`; gradient 0 at 0. */
export const relu = elementwise('relu');

defineOperator({
  name: 'reluGradient',
  infer: ([y, dy]) => {
    if (showShape(y!.shape) !== showShape(dy!.shape)) {
      refuseShape(
        'reluGradient',
        `${showShape(y!.shape)} and ${showShape(dy!.shape)}`,
        'equal shapes',
      );
    }
    return [{ shape: dy!.shape, dtype: 'float32' }];
  },
});

/** `dy` where the ReLU's output `y` is positive, 0 elsewhere. */
export function reluGradient(y: Tensor, dy: Tensor): Tensor {
  return applyOne('reluGradient', [y, dy]);
}

defineOperator({
  name: 'cast',
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype: dtype as DType }],
});

/** The same values in another type; truncates towards zero when the target is whole. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : applyOne('cast', [x], { dtype });
}

defineOperator({
  name: 'stopGradient',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne('stopGradient', [x]);
}
