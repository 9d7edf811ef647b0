/** Rules of functions of single elements, and of pairs of elements that broadcast. */
import {
  abs,
  add,
  cast,
  clip,
  div,
  elu,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterEqual,
  hardSwish,
  leakyRelu,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  sub,
  type Tensor,
  tanh,
  where,
} from '../../../tensor/index.ts';
import { kindOfType } from '../geometry.ts';
import type { NodeRule } from '../node.ts';

const unary =
  (f: (x: Tensor) => Tensor): NodeRule =>
  (node) =>
    f(node.tensor(0));

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): NodeRule =>
  (node) =>
    f(node.tensor(0), node.tensor(1));

/** An operator of any number of tensors. */
const variadic =
  (f: (a: Tensor, b: Tensor) => Tensor): NodeRule =>
  (node) =>
    node.inputs.map((_, i) => node.tensor(i)).reduce(f);

const clipped: NodeRule = (node) => {
  const bound = (input: number, name: string, otherwise: number) =>
    node.numbers(input)?.[0] ?? node.float(name, otherwise);
  const low = bound(1, 'min', -Infinity);
  return clip(node.tensor(0), { low, high: bound(2, 'max', Infinity) });
};

/** `clip(alpha x + beta, 0, 1)` */
const hardSigmoid: NodeRule = (node) => {
  const scaled = mul(node.tensor(0), node.float('alpha', 0.2));
  return clip(add(scaled, node.float('beta', 0.5)), { low: 0, high: 1 });
};

/** `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, the approximation of GELU. */
function approximateGelu(x: Tensor): Tensor {
  const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** Powers by a constant exponent, which have gradients for negative bases too. */
const power: NodeRule = (node) => {
  const value = node.inputs[1];
  const exponent = value?.is === 'constant' && value.data.length === 1 ? value.data[0]! : undefined;
  if (exponent === undefined) return pow(node.tensor(0), node.tensor(1));
  return exponent === 0.5 ? sqrt(node.tensor(0)) : pow(node.tensor(0), exponent);
};

const casted: NodeRule = (node) => {
  const kind = kindOfType(node.integer('to', 1)) ?? node.refuse('a cast to a type without numbers');
  return cast(node.tensor(0), kind === 'float' ? 'float32' : kind === 'integer' ? 'int32' : 'bool');
};

/** `lambda max(x, 0) + lambda alpha (min(e^x, 1) - 1)`, in ONNX's default constants. */
const selu: NodeRule = (node) => {
  const alpha = node.float('alpha', 1.6732631921768188);
  return mul(elu(node.tensor(0), { alpha }), node.float('gamma', 1.0507010221481323));
};

export const elementwiseRules: Readonly<Record<string, NodeRule>> = {
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Pow: power,
  Max: variadic(maximum),
  Min: variadic(minimum),
  Sum: variadic(add),
  Mean: (node) =>
    mul(node.inputs.map((_, i) => node.tensor(i)).reduce(add), 1 / node.inputs.length),
  Neg: unary(neg),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Reciprocal: unary(reciprocal),
  Abs: unary(abs),
  Sign: unary(sign),
  Floor: unary(floor),
  Tanh: unary(tanh),
  Sigmoid: unary(sigmoid),
  Erf: unary(erf),
  Softplus: unary(softplus),
  Softsign: unary((x) => div(x, add(abs(x), 1))),
  Relu: unary(relu),
  LeakyRelu: (node) => leakyRelu(node.tensor(0), { slope: node.float('alpha', 0.01) }),
  Elu: (node) => elu(node.tensor(0), { alpha: node.float('alpha', 1) }),
  Selu: selu,
  PRelu: (node) => {
    const x = node.tensor(0);
    return where(greater(x, 0), x, mul(x, node.weight(1)));
  },
  Clip: clipped,
  HardSigmoid: hardSigmoid,
  HardSwish: unary(hardSwish),
  Swish: unary(silu),
  Mish: unary((x) => mul(x, tanh(softplus(x)))),
  Gelu: (node) =>
    (node.text('approximate', 'none') === 'tanh' ? approximateGelu : gelu)(node.tensor(0)),
  FastGelu: (node) =>
    approximateGelu(node.has(1) ? add(node.tensor(0), node.weight(1)) : node.tensor(0)),
  BiasGelu: (node) => gelu(add(node.tensor(0), node.weight(1))),
  QuickGelu: (node) => {
    const x = node.tensor(0);
    return mul(x, sigmoid(mul(x, node.float('alpha', 1.702))));
  },
  Cast: casted,
  Equal: binary(equal),
  Greater: binary(greater),
  GreaterOrEqual: binary(greaterEqual),
  Less: binary(less),
  LessOrEqual: binary(lessEqual),
  And: binary(logicalAnd),
  Or: binary(logicalOr),
  Not: unary(logicalNot),
  Where: (node) => where(node.tensor(0), node.tensor(1), node.tensor(2)),
};
