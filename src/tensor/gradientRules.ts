/**
 * Gradient rules of all differentiable operators, in one table by operator name.
 *
 * A rule turns `dy`, the gradient of the loss by a node's first output, into those by its inputs,
 * as tensors of the same graph. In the formulas x, a and b are inputs and y is the output. Further
 * outputs (indices, statistics) carry no gradient.
 */
import { add, div, mul, pow, sub } from './operators/binary.ts';
import { equal, greater, less, where } from './operators/compare.ts';
import { cast, exp, log, neg, reluGradient, sigmoid, sign, sqrt } from './operators/elementwise.ts';
import { gather, gatherElements, scatterAdd, scatterElementsAdd } from './operators/indexing.ts';
import { matmul } from './operators/matmul.ts';
import { mean, sum, sumTo } from './operators/reduce.ts';
import { crossReplicaConcat, crossReplicaMean, crossReplicaScatter } from './operators/replicas.ts';
import { broadcastTo, pad, reshape, slice, transpose } from './operators/shape.ts';
import { constantValue, scalar } from './operators/source.ts';
import {
  type Attributes,
  apply,
  applyOne,
  isFloat,
  type Shape,
  sizeOf,
  type Tensor,
} from './tensor.ts';

/** A node's ends, and the gradient of the loss by its first output. */
export interface GradientContext {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly dy: Tensor;
}

/** Gradients by the inputs, in order. Undefined or left out: none. */
export type GradientRule = (context: GradientContext) => readonly (Tensor | undefined)[];

/** Inputs that no gradient reaches. */
const none: GradientRule = () => [];

/** A function of one tensor. */
const unary =
  (
    rule: (ends: { x: Tensor; y: Tensor; dy: Tensor; attributes: Attributes }) => Tensor,
  ): GradientRule =>
  ({ inputs: [x], outputs: [y], dy, attributes }) => [rule({ x: x!, y: y!, dy, attributes })];

interface BinaryEnds {
  a: Tensor;
  b: Tensor;
  y: Tensor;
  dy: Tensor;
}

/**
 * A function of two tensors that broadcast. A constant gets no gradient, which saves its products.
 */
const binary =
  (byA: (ends: BinaryEnds) => Tensor, byB: (ends: BinaryEnds) => Tensor): GradientRule =>
  ({ inputs: [a, b], outputs: [y], dy }) => {
    const ends = { a: a!, b: b!, y: y!, dy };
    return [
      isConstant(a!) ? undefined : sumTo(byA(ends), a!.shape),
      isConstant(b!) ? undefined : sumTo(byB(ends), b!.shape),
    ];
  };

function isConstant({ node }: Tensor): boolean {
  return node.operator === 'constant';
}

/**
 * An extremum of two. `wins(a, b)` is true where a is chosen over b. At a tie each gets half of the
 * gradient, as in PyTorch; beside a constant the other gets all of it.
 */
function extremum(wins: (a: Tensor, b: Tensor) => Tensor): GradientRule {
  const part = (own: Tensor, other: Tensor, dy: Tensor) => {
    const zero = mul(dy, 0);
    const halves = () => where(equal(own, other), mul(dy, 0.5), zero);
    const unlost = isConstant(other) ? dy : where(wins(own, other), dy, halves());
    return where(wins(other, own), zero, unlost);
  };
  return binary(
    ({ a, b, dy }) => part(a, b, dy),
    ({ a, b, dy }) => part(b, a, dy),
  );
}

/**
 * An extremum over axes, shared evenly between the elements that attain it, as in PyTorch's amax.
 */
const extremumOverAxes = unary(({ x, y, dy }) => {
  const attained = cast(equal(x, y), 'float32');
  const axes = x.shape.flatMap((extent, axis) => (extent === y.shape[axis] ? [] : [axis]));
  return mul(attained, div(dy, sum(attained, { axes, keepDims: true })));
});

const zeros = (shape: Shape) => broadcastTo(scalar(0), shape);

const axisOf = (attributes: Attributes) => attributes.axis as number;

/** Gradient rules by operator name. An operator without an entry is not differentiable. */
export const gradientRules: Readonly<Record<string, GradientRule>> = {
  // Functions of one tensor
  neg: unary(({ dy }) => neg(dy)),
  exp: unary(({ y, dy }) => mul(dy, y)),
  log: unary(({ x, dy }) => div(dy, x)),
  sqrt: unary(({ y, dy }) => div(mul(dy, 0.5), y)),
  reciprocal: unary(({ y, dy }) => neg(mul(dy, mul(y, y)))),
  abs: unary(({ x, dy }) => mul(dy, sign(x))),
  sign: none,
  floor: none,
  tanh: unary(({ y, dy }) => mul(dy, sub(1, mul(y, y)))),
  sigmoid: unary(({ y, dy }) => mul(dy, mul(y, sub(1, y)))),
  erf: unary(({ x, dy }) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x)))))),
  softplus: unary(({ x, dy }) => mul(dy, sigmoid(x))),
  relu: unary(({ y, dy }) => reluGradient(y, dy)),
  reluGradient: ({ inputs: [y], dy }) => [undefined, reluGradient(y!, dy)],
  cast: ({ inputs: [x], dy }) => [isFloat(x!.dtype) ? cast(dy, x!.dtype) : undefined],
  stopGradient: none,

  // Functions of two tensors
  add: binary(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  sub: binary(
    ({ dy }) => dy,
    ({ dy }) => neg(dy),
  ),
  mul: binary(
    ({ b, dy }) => mul(dy, b),
    ({ a, dy }) => mul(dy, a),
  ),
  div: binary(
    ({ b, dy }) => div(dy, b),
    ({ b, y, dy }) => neg(div(mul(dy, y), b)),
  ),
  pow: binary(
    ({ a, b, dy }) => mul(dy, mul(b, pow(a, sub(b, 1)))),
    ({ a, y, dy }) => mul(dy, mul(y, log(a))),
  ),
  maximum: extremum(greater),
  minimum: extremum(less),
  equal: none,
  greater: none,
  greaterEqual: none,
  less: none,
  lessEqual: none,
  logicalAnd: none,
  logicalOr: none,
  logicalNot: none,
  where: ({ inputs: [condition, a, b], dy }) => [
    undefined,
    constantValue(a!) === undefined ? sumTo(where(condition!, dy, 0), a!.shape) : undefined,
    constantValue(b!) === undefined ? sumTo(where(condition!, 0, dy), b!.shape) : undefined,
  ],

  // Reductions; y and dy have the reduced axes at extent 1
  sum: unary(({ x, dy }) => broadcastTo(dy, x.shape)),
  mean: unary(({ x, y, dy }) => broadcastTo(mul(dy, sizeOf(y.shape) / sizeOf(x.shape)), x.shape)),
  max: extremumOverAxes,
  min: extremumOverAxes,
  argMax: none,
  argMin: none,
  // dx = y (dy - sum(y dy))
  softmax: unary(({ y, dy, attributes }) => {
    const inner = sum(mul(y, dy), { axes: [axisOf(attributes)], keepDims: true });
    return mul(y, sub(dy, inner));
  }),
  // dx = dy - softmax(x) sum(dy)
  logSoftmax: unary(({ y, dy, attributes }) => {
    const total = sum(dy, { axes: [axisOf(attributes)], keepDims: true });
    return sub(dy, mul(exp(y), total));
  }),

  // Moving elements
  reshape: unary(({ x, dy }) => reshape(dy, x.shape)),
  transpose: unary(({ dy, attributes }) => {
    const order = attributes.permutation as number[];
    return transpose(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    );
  }),
  broadcastTo: unary(({ x, dy }) => sumTo(dy, x.shape)),
  concat: ({ inputs, attributes, dy }) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      const from = start;
      start += shape[axisOf(attributes)]!;
      return slice(dy, { axis: axisOf(attributes), start: from, end: start });
    });
  },
  slice: unary(({ x, dy, attributes }) => {
    const [before, steps] = [attributes.starts, attributes.steps] as [number[], number[]];
    const spread = dilate(dy, steps);
    const after = x.shape.map((extent, i) => extent - before[i]! - spread.shape[i]!);
    return pad(spread, { before, after });
  }),
  pad: unary(({ x, dy, attributes }) => {
    const starts = attributes.before as number[];
    return slice(dy, { starts, ends: x.shape.map((extent, i) => starts[i]! + extent) });
  }),

  // Choosing elements
  gather: ({ inputs: [x, indices], attributes, dy }) => [
    gatherGradient(x!, indices!, dy, axisOf(attributes)),
  ],
  gatherElements: ({ inputs: [x, indices], attributes, dy }) => [
    scatterElementsAdd(zeros(x!.shape), indices!, dy, axisOf(attributes)),
  ],
  scatterElementsAdd: ({ inputs: [, indices], attributes, dy }) => [
    dy,
    undefined,
    gatherElements(dy, indices!, axisOf(attributes)),
  ],
  scatterAdd: ({ inputs: [, indices], dy }) => [dy, undefined, gather(dy, indices!, 0)],
  topK: ({ inputs: [x], outputs: [, indices], attributes, dy }) => [
    scatterElementsAdd(zeros(x!.shape), indices!, dy, axisOf(attributes)),
  ],

  // Joining replicas
  crossReplicaMean: unary(({ dy }) => crossReplicaMean(dy)),
  crossReplicaConcat: unary(({ dy, attributes }) =>
    crossReplicaScatter(dy, attributes.replicas as number),
  ),
  crossReplicaScatter: unary(({ dy, attributes }) =>
    crossReplicaConcat(dy, attributes.replicas as number),
  ),

  // Products: y = a b has da = dy bᵀ, db = aᵀ dy
  matmul: ({ inputs: [a, b], dy }) => [
    sumTo(matmul(dy, transpose(b!)), a!.shape),
    sumTo(matmul(transpose(a!), dy), b!.shape),
  ],
  rowProducts: ({ inputs: [x, w], dy }) => [
    matmul(dy, w!), // [R, D]
    matmul(transpose(dy), x!), // [K, D]
    sum(dy, { axes: [0] }), // [K]
  ],
  argMaxProduct: none,
  twoLargestProducts: none,

  // The convolution and its two adjoints, each written with the other two
  conv2d: ({ inputs: [x, w], attributes, dy }) => [
    applyOne('conv2dInputGradient', [dy, w!], { ...attributes, shape: x!.shape }),
    applyOne('conv2dFilterGradient', [x!, dy], { ...attributes, shape: w!.shape }),
  ],
  conv2dInputGradient: ({ inputs: [g, w], attributes: { shape: _, ...geometry }, dy }) => [
    applyOne('conv2d', [dy, w!], geometry),
    applyOne('conv2dFilterGradient', [dy, g!], { ...geometry, shape: w!.shape }),
  ],
  conv2dFilterGradient: ({ inputs: [x, g], attributes: { shape: _, ...geometry }, dy }) => [
    applyOne('conv2dInputGradient', [g!, dy], { ...geometry, shape: x!.shape }),
    applyOne('conv2d', [x!, dy], geometry),
  ],
  maxPool2d: ({ inputs: [x], attributes, dy }) => [
    applyOne('maxPool2dGradient', [x!, dy], attributes),
  ],
  averagePool2d: unary(averagePoolGradient),

  // Batch norm
  batchNorm: ({ inputs: [x, gamma], outputs: [, mean, variance], attributes, dy }) =>
    apply('batchNormGradient', [x!, dy, gamma!, mean!, variance!], attributes),
  batchNormInference: batchNormInferenceGradient,
  layerNorm: layerNormGradient,
};

/** Puts `step - 1` zeros between neighbors along each axis. */
function dilate(x: Tensor, steps: readonly number[]): Tensor {
  let y = x;
  steps.forEach((step, axis) => {
    if (step === 1 || y.shape[axis] === 1) return;
    const extent = y.shape[axis]!;
    const lead = y.shape.slice(0, axis);
    const tail = y.shape.slice(axis + 1);
    const open = reshape(y, [...lead, extent, 1, ...tail]);
    const zero = Array<number>(open.shape.length).fill(0);
    const padded = pad(open, { before: zero, after: zero.with(axis + 1, step - 1) });
    y = slice(reshape(padded, [...lead, extent * step, ...tail]), {
      axis,
      start: 0,
      end: (extent - 1) * step + 1,
    });
  });
  return y;
}

/** Adds each slice of dy to the slice of x that it was taken from. */
function gatherGradient(x: Tensor, indices: Tensor, dy: Tensor, axis: number): Tensor {
  const flat = reshape(indices, [-1]);
  const lead = x.shape.slice(0, axis);
  const tail = x.shape.slice(axis + 1);
  const updates = reshape(dy, [...lead, flat.shape[0]!, ...tail]);
  // The scatter works on rows: bring the axis to the front and back.
  const rank = x.shape.length;
  const front = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const back = front.map((_, i) => front.indexOf(i));
  const moved = transpose(updates, front);
  return transpose(scatterAdd(zeros([x.shape[axis]!, ...moved.shape.slice(1)]), flat, moved), back);
}

/** The adjoint of averaging as a convolution of each channel with a constant filter. */
function averagePoolGradient({
  x,
  dy,
  attributes,
}: {
  x: Tensor;
  dy: Tensor;
  attributes: Attributes;
}): Tensor {
  const [kh, kw] = attributes.kernel as [number, number];
  const channels = x.shape[1]!;
  const filter = broadcastTo(scalar(1 / (kh * kw)), [channels, 1, kh, kw]);
  const { stride, padding } = attributes as { stride: number[]; padding: number[] };
  const geometry = { stride, padding, dilation: [1, 1], groups: channels };
  return applyOne('conv2dInputGradient', [dy, filter], { ...geometry, shape: x.shape });
}

/** Gradients by x, gamma and beta. The statistics get none. */
function batchNormInferenceGradient({ inputs, attributes, dy }: GradientContext): Tensor[] {
  const [x, gamma, , mean, variance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const perChannel = (v: Tensor) => reshape(v, [-1, ...x.shape.slice(2).map(() => 1)]);
  const deviation = sqrt(add(variance, attributes.epsilon as number));
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const normalized = div(sub(x, perChannel(mean)), perChannel(deviation));
  return [
    mul(dy, perChannel(div(gamma, deviation))),
    sum(mul(dy, normalized), { axes }),
    sum(dy, { axes }),
  ];
}

/**
 * Gradients by x, gamma and beta. With z = (x - mean) r and g = dy gamma, means over the row:
 * `dx = r (g - mean(g) - z mean(g z))`, `dgamma = sum(dy z)`, `dbeta = sum(dy)`.
 */
function layerNormGradient({ inputs, outputs, dy }: GradientContext): Tensor[] {
  const [x, gamma] = inputs as [Tensor, Tensor];
  const [, rowMean, r] = outputs as [Tensor, Tensor, Tensor];
  const z = mul(sub(x, rowMean), r); // [.., D]
  const g = mul(dy, gamma); // [.., D]
  const ofRow = (v: Tensor) => mean(v, { axes: [-1], keepDims: true }); // [.., 1]
  return [
    mul(r, sub(sub(g, ofRow(g)), mul(z, ofRow(mul(g, z))))),
    sumTo(mul(dy, z), gamma.shape),
    sumTo(dy, gamma.shape),
  ];
}
