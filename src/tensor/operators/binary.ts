/** Element-wise arithmetic of two tensors, with NumPy broadcasting. */
import { applyOne, broadcastShapes, defineOperator, refuseShape, sameShape, type Tensor } from '../tensor.ts';
import { equal, greater, less, where } from './compare.ts';
import { log, neg } from './elementwise.ts';
import { sumTo } from './reduce.ts';
import { constantValue, scalar } from './source.ts';

type Rule = (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => readonly [() => Tensor, () => Tensor];

/** A constant operand needs no gradient; leaving it out here keeps its products out of the graph. */
function isConstant(tensor: Tensor): boolean {
  return tensor.node.operator === 'constant';
}

function binary(name: string, rule: Rule): (a: Tensor, b: Tensor) => Tensor {
  defineOperator({
    name,
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype)
        refuseShape(name, `types ${a!.dtype} and ${b!.dtype}`, 'equal types; cast one');
      return [{ shape: broadcastShapes(name, a!.shape, b!.shape), dtype: a!.dtype }];
    },
    gradient: ({ inputs: [a, b], outputs: [y], gradients: [dy] }) => {
      if (!dy) return [undefined, undefined];
      const [byA, byB] = rule(a!, b!, y!, dy);
      return [
        isConstant(a!) ? undefined : sumTo(byA(), a!.shape),
        isConstant(b!) ? undefined : sumTo(byB(), b!.shape),
      ];
    },
  });
  return (a, b) => applyOne(name, [a, b]);
}

/** `a + b` */
export const add = binary('add', (_a, _b, _y, dy) => [() => dy, () => dy]);
/** `a - b` */
export const sub = binary('sub', (_a, _b, _y, dy) => [() => dy, () => neg(dy)]);
/** `a b`, element by element; `(ab)' = ab' + a'b`. */
export const mul = binary('mul', (a, b, _y, dy) => [() => mul(dy, b), () => mul(dy, a)]);
/** `a / b` */
export const div = binary('div', (_a, b, y, dy) => [() => div(dy, b), () => neg(div(mul(dy, y), b))]);

/** At equal arguments the gradient is halved between the two, as in PyTorch. */
const halves = (a: Tensor, b: Tensor, dy: Tensor) =>
  where(equal(a, b), mul(dy, scalar(0.5)), mul(dy, scalar(0)));

/** Gradient of an extremum: `wins(a, b)` says where a is chosen over b; a constant bound passes the gradient on at a tie. */
const extremum =
  (wins: (a: Tensor, b: Tensor) => Tensor): Rule =>
  (a, b, _y, dy) => {
    const none = mul(dy, scalar(0));
    const share = (own: Tensor, other: Tensor) => () =>
      where(
        wins(other, own),
        none,
        isConstant(other) ? dy : where(wins(own, other), dy, halves(own, other, dy)),
      );
    return [share(a, b), share(b, a)];
  };

/** The larger of two; a constant bound passes the gradient on where it is met, as in PyTorch's clamp. */
export const maximum = binary('maximum', extremum(greater));

/** The smaller of two; a constant bound passes the gradient on where it is met. */
export const minimum = binary('minimum', extremum(less));

const power = binary('pow', (a, b, y, dy) => [
  () => mul(dy, mul(b, power(a, sub(b, scalar(1))))),
  () => mul(dy, mul(y, log(a))),
]);

/** `a^b`; with a constant exponent the base may be negative for whole exponents. */
export function pow(a: Tensor, b: Tensor | number): Tensor {
  const exponent = typeof b === 'number' ? scalar(b) : b;
  const value = constantValue(exponent);
  const keepsShape = sameShape(broadcastShapes('pow', a.shape, exponent.shape), a.shape);
  if (value === 1 && keepsShape) return a;
  if (value === 2 && keepsShape) return mul(a, a);
  return power(a, exponent);
}
