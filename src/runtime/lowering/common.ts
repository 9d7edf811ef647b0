/** Lowering rules that are the same on every device: one standard ONNX operator, or a few. */
import { type DType, sizeOf, type Tensor, type TensorData } from '../../tensor/index.ts';
import { onnxTypes } from '../onnx.ts';
import type { Emitter, Rule } from './emitter.ts';

/** A rule that is one ONNX operator with the same inputs. */
const direct =
  (type: string): Rule =>
  (emit, _node, inputs) => [emit.add(type, inputs)];

/**
 * A lowered tensor as it meets one of the given shape value by value. Where a shape ends in an extent of 1, ONNX Runtime goes through it number
 * by number to meet a single number of lower rank, at a tenth of the speed: that gets the same rank.
 */
export function toMeet(emit: Emitter, name: string, x: Tensor, shape: readonly number[]): string {
  const isSlow =
    sizeOf(x.shape) === 1 && x.shape.length < shape.length && shape.at(-1) === 1 && sizeOf(shape) > 1;
  return isSlow
    ? lowerReshape(
        emit,
        name,
        shape.map(() => 1),
      )
    : name;
}

/** An operator on two tensors, value by value. */
const binary =
  (type: string): Rule =>
  (emit, node, inputs) => {
    const { shape } = node.outputs[0]!;
    return [
      emit.add(
        type,
        inputs.map((name, i) => toMeet(emit, name, node.inputs[i]!, shape)),
      ),
    ];
  };

const reduce =
  (type: string): Rule =>
  (emit, node, [x]) => [
    emit.add(type, [x!, emit.integers(node.attributes.axes as number[])], { keepdims: 1 }),
  ];

const arg =
  (type: string): Rule =>
  (emit, node, [x]) => {
    const found = emit.add(type, [x!], { axis: node.attributes.axis as number, keepdims: 0 });
    return [emit.add('Cast', [found], { to: onnxTypes.int32 })];
  };

const alongAxis =
  (type: string, extra: Record<string, string> = {}): Rule =>
  (emit, node, inputs) => [emit.add(type, inputs, { axis: node.attributes.axis as number, ...extra })];

/** The least multiple of a number that is at least the value. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

export function lowerReshape(emit: Emitter, x: string, shape: readonly number[]): string {
  return emit.add('Reshape', [x, emit.integers(shape)]);
}

export function lowerTranspose(emit: Emitter, x: string, order: readonly number[]): string {
  return emit.add('Transpose', [x], { perm: { ints: order } });
}

export function lowerPad(
  emit: Emitter,
  x: string,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): string {
  if ([...before, ...after].every((n) => n === 0)) return x;
  return emit.add('Pad', [x, emit.integers([...before, ...after]), emit.number(value)]);
}

export interface SliceSpec {
  starts: readonly number[];
  ends: readonly number[];
  axes: readonly number[];
  steps?: readonly number[];
}

export function lowerSlice(emit: Emitter, x: string, { starts, ends, axes, steps }: SliceSpec): string {
  const inputs = [x, emit.integers(starts), emit.integers(ends), emit.integers(axes)];
  if (steps?.some((step) => step !== 1)) inputs.push(emit.integers(steps));
  return emit.add('Slice', inputs);
}

/** Only axes that are really cut appear in the node, so that whole axes are copied in one piece. */
const slice: Rule = (emit, node, [x]) => {
  const shape = node.inputs[0]!.shape;
  const { starts, ends, steps } = node.attributes as Record<string, number[]>;
  const axes = shape.flatMap((extent, i) =>
    starts![i] === 0 && ends![i] === extent && steps![i] === 1 ? [] : [i],
  );
  if (axes.length === 0) return [x!];
  const pick = (values: number[]) => axes.map((axis) => values[axis]!);
  return [lowerSlice(emit, x!, { starts: pick(starts!), ends: pick(ends!), axes, steps: pick(steps!) })];
};

/** x times a factor that is brought to the given shape, where there is one. */
export function scaled(
  emit: Emitter,
  x: string,
  factor: string | undefined,
  shape: readonly number[],
): string {
  return factor === undefined ? x : emit.add('Mul', [x, lowerReshape(emit, factor, shape)]);
}

/** dy where y > 0, for y = relu(x): a mask in two passes instead of a comparison and a choice. */
export function maskedByRelu(emit: Emitter, y: string, dy: string): string {
  const mask = emit.add('HardSigmoid', [y], { alpha: { float: 3e38 }, beta: { float: 0 } });
  return emit.add('Mul', [mask, dy]);
}

const constantRule: Rule = (emit, node) => {
  const { data, shape, dtype } = node.attributes as { data: TensorData; shape: number[]; dtype: DType };
  return [emit.constant(data, shape, onnxTypes[dtype])];
};

const broadcastTo: Rule = (emit, node, [x]) => [
  emit.add('Expand', [x!, emit.integers(node.attributes.shape as number[])]),
];

/**
 * By rows on one thread. On several the CPU provider's ScatterND adds from all of them at once and loses repeated rows; then by elements,
 * which takes four times as long.
 */
const scatterAdd: Rule = (emit, node, [x, indices, updates]) => {
  const { shape } = node.inputs[2]!;
  if (emit.capabilities.isSerial) {
    const rows = emit.add('Cast', [lowerReshape(emit, indices!, [shape[0]!, 1])], { to: onnxTypes.int64 });
    return [emit.add('ScatterND', [x!, rows, updates!], { reduction: 'add' })];
  }
  const column = lowerReshape(emit, indices!, [shape[0]!, ...shape.slice(1).map(() => 1)]);
  const everywhere = emit.add('Expand', [column, emit.integers(shape)]);
  return [emit.add('ScatterElements', [x!, everywhere, updates!], { axis: 0, reduction: 'add' })];
};

const topK: Rule = (emit, node, [x]) => {
  const { k, axis } = node.attributes as { k: number; axis: number };
  const [values, indices] = emit.addMany(
    'TopK',
    [x!, emit.integers([k])],
    { axis, largest: 1, sorted: 1 },
    { outputs: 2 },
  );
  return [values!, emit.add('Cast', [indices!], { to: onnxTypes.int32 })];
};

/** Rules by operator name. */
export const commonRules: Readonly<Record<string, Rule>> = {
  constant: constantRule,
  neg: direct('Neg'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  abs: direct('Abs'),
  sign: direct('Sign'),
  floor: direct('Floor'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  erf: direct('Erf'),
  softplus: direct('Softplus'),
  relu: direct('Relu'),
  reluGradient: (emit, _node, [y, dy]) => [maskedByRelu(emit, y!, dy!)],
  cast: (emit, node, [x]) => [emit.add('Cast', [x!], { to: onnxTypes[node.attributes.dtype as DType] })],
  stopGradient: (_emit, _node, [x]) => [x!],
  add: binary('Add'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('Div'),
  pow: binary('Pow'),
  maximum: binary('Max'),
  minimum: binary('Min'),
  equal: direct('Equal'),
  greater: direct('Greater'),
  greaterEqual: direct('GreaterOrEqual'),
  less: direct('Less'),
  lessEqual: direct('LessOrEqual'),
  logicalAnd: direct('And'),
  logicalOr: direct('Or'),
  logicalNot: direct('Not'),
  where: direct('Where'),
  sum: reduce('ReduceSum'),
  sumOfSquares: reduce('ReduceSumSquare'),
  mean: reduce('ReduceMean'),
  max: reduce('ReduceMax'),
  min: reduce('ReduceMin'),
  argMax: arg('ArgMax'),
  argMin: arg('ArgMin'),
  topK,
  reshape: (emit, node, [x]) => [lowerReshape(emit, x!, node.attributes.shape as number[])],
  transpose: (emit, node, [x]) => [lowerTranspose(emit, x!, node.attributes.permutation as number[])],
  broadcastTo,
  concat: alongAxis('Concat'),
  slice,
  pad: (emit, node, [x]) => {
    const { before, after, value } = node.attributes as { before: number[]; after: number[]; value: number };
    return [lowerPad(emit, x!, before, after, value)];
  },
  gather: alongAxis('Gather'),
  gatherElements: alongAxis('GatherElements'),
  scatterElementsAdd: alongAxis('ScatterElements', { reduction: 'add' }),
  scatterAdd,
  matmul: direct('MatMul'),
  softmax: alongAxis('Softmax'),
  logSoftmax: alongAxis('LogSoftmax'),
};

/** Elements per channel of a tensor [N, C, ..]. */
export function perChannel(tensor: Tensor): number {
  return sizeOf(tensor.shape) / tensor.shape[1]!;
}
