/** Rules of layers with weights: convolutions, products and normalizations. */
import {
  add,
  batchNormInference,
  broadcastTo,
  conv2d,
  convTranspose2d,
  groupNorm,
  layerNorm,
  matmul,
  mul,
  pad,
  reshape,
  resolveAxis,
  sizeOf,
  type Tensor,
  transpose,
} from '../../../tensor/index.ts';
import { batchNormOf } from '../../layers.ts';
import { windowOf } from '../geometry.ts';
import type { GraphNode, NodeRule } from '../node.ts';

/** A value per channel [C] as one that broadcasts with maps [N, C, ..]. */
const perChannel = (v: Tensor, rank: number) =>
  reshape(v, [sizeOf(v.shape), ...Array<number>(rank - 2).fill(1)]);

/** A border of zeros around images that is not equal on both sides, as a tensor of its own. */
export function bordered(
  x: Tensor,
  before: readonly [number, number],
  after: readonly [number, number],
  value = 0,
): Tensor {
  return pad(x, { before: [0, 0, ...before], after: [0, 0, ...after], value });
}

const convolution: NodeRule = (node) => {
  const x = node.tensor(0);
  const w = node.weight(1);
  const { stride, dilation, before, after } = windowOf(node, x.shape, w.shape.slice(2));
  const groups = node.integer('group', 1);
  const isEven = before.every((border, axis) => border === after[axis]);
  const y = isEven
    ? conv2d(x, w, { stride, dilation, groups, padding: before })
    : conv2d(bordered(x, before, after), w, { stride, dilation, groups }); // [N, O, h, w]
  return node.has(2) ? add(y, perChannel(node.weight(2), 4)) : y;
};

const transposedConvolution: NodeRule = (node) => {
  const x = node.tensor(0);
  const w = node.weight(1);
  const { stride, dilation, before, after } = windowOf(node, x.shape, w.shape.slice(2));
  if (before.some((border, axis) => border !== after[axis]) || node.integers('output_shape')) {
    node.refuse('borders of unequal sides and output_shape; expected equal borders');
  }
  const [first = 0, second = 0] = node.integers('output_padding') ?? [];
  const groups = node.integer('group', 1);
  const outputPadding = [first, second] as const;
  const y = convTranspose2d(x, w, { stride, dilation, groups, padding: before, outputPadding });
  return node.has(2) ? add(y, perChannel(node.weight(2), 4)) : y; // [N, O, h, w]
};

/** `a b` over the last two axes. A matrix multiplies all rows of a at once. */
export function product(a: Tensor, b: Tensor): Tensor {
  if (b.shape.length === 1) {
    const columns = product(a, reshape(b, [b.shape[0]!, 1])); // [.., M, 1]
    return reshape(columns, columns.shape.slice(0, -1));
  }
  if (a.shape.length === 1) {
    const rows = product(reshape(a, [1, a.shape[0]!]), b); // [.., 1, N]
    return reshape(rows, [...rows.shape.slice(0, -2), rows.shape.at(-1)!]);
  }
  if (b.shape.length > 2 || a.shape.length === 2) return matmul(a, b);
  const rows = reshape(a, [-1, a.shape.at(-1)!]); // [R, K]
  return reshape(matmul(rows, b), [...a.shape.slice(0, -1), b.shape[1]!]); // [.., M, N]
}

const gemm: NodeRule = (node) => {
  const turned = (x: Tensor, flag: string) => (node.integer(flag, 0) === 1 ? transpose(x) : x);
  const y = matmul(turned(node.tensor(0), 'transA'), turned(node.weight(1), 'transB')); // [M, N]
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const scaled = alpha === 1 ? y : mul(y, alpha);
  if (!node.has(2)) return scaled;
  const bias = node.weight(2);
  return add(scaled, beta === 1 ? bias : mul(bias, beta)); // [M, N]
};

/** Batch norm. In ONNX momentum is the part of the old statistics, in layers here of the new. */
const batchNorm: NodeRule = (node) => {
  const { scope } = node;
  const [x, gamma, beta] = [node.tensor(0), node.weight(1), node.weight(2)];
  const epsilon = node.float('epsilon', 1e-5);
  const [mean, variance] = [3, 4].map((input) => statistic(node, input)) as [Statistic, Statistic];
  const scale = node.inputs[1];
  const isFrozen = scale?.is === 'weight' && scope.isFrozen(scale.name);
  if (scope.variables.mode === 'evaluate' || scope.batchNorm === 'stored' || isFrozen) {
    const statistics = { mean: mean.tensor, variance: variance.tensor };
    return batchNormInference(x, { gamma, beta, ...statistics }, { epsilon });
  }
  const momentum = 1 - node.float('momentum', 0.9);
  return batchNormOf(scope.variables, x, { gamma, beta, mean, variance, momentum, epsilon });
};

/** A running statistic: a buffer by its name. */
interface Statistic {
  name: string;
  tensor: Tensor;
}

function statistic({ inputs, scope, refuse }: GraphNode, input: number): Statistic {
  const value = inputs[input];
  if (value === undefined || value.is === 'computed' || value.name === undefined) {
    return refuse('its running statistics are no weights; expected stored mean and variance');
  }
  const name = scope.nameOf(value.name);
  const values = () => (value.is === 'weight' ? value.stored.values() : value.data);
  const tensor = scope.variables.buffer(name, value.shape, () => Float32Array.from(values()));
  return { name, tensor };
}

const layerNormalization: NodeRule = (node) => {
  const x = node.tensor(0);
  if (node.outputs > 1) node.refuse('further outputs; expected the normalized values alone');
  const axis = resolveAxis(node.type, node.integer('axis', -1), x.shape.length);
  const D = sizeOf(x.shape.slice(axis));
  const gamma = reshape(node.weight(1), [D]);
  const beta = node.has(2) ? reshape(node.weight(2), [D]) : mul(gamma, 0);
  const rows = reshape(x, [...x.shape.slice(0, axis), D]); // [.., D]
  return reshape(layerNorm(rows, gamma, beta, { epsilon: node.float('epsilon', 1e-5) }), x.shape);
};

const instanceNormalization: NodeRule = (node) => {
  const x = node.tensor(0);
  const epsilon = node.float('epsilon', 1e-5);
  return groupNorm(x, node.tensor(1), node.tensor(2), { groups: x.shape[1]!, epsilon });
};

/** Scales are per group up to version 20 of the standard, and per channel since. */
const groupNormalization: NodeRule = (node) => {
  const x = node.tensor(0);
  const groups = node.integer('num_groups', 1);
  const C = x.shape[1]!;
  const ofChannels = (v: Tensor) =>
    v.shape[0] === C ? v : reshape(broadcastTo(reshape(v, [groups, 1]), [groups, C / groups]), [C]);
  const epsilon = node.float('epsilon', 1e-5);
  return groupNorm(x, ofChannels(node.weight(1)), ofChannels(node.weight(2)), { groups, epsilon });
};

export const layerRules: Readonly<Record<string, NodeRule>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: (node) => product(node.tensor(0), node.weight(1)),
  BatchNormalization: batchNorm,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
};
