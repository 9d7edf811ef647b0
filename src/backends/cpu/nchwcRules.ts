/**
 * Operators on maps in NCHWc layout: batch norm, activations, sums and means read the result of a
 * convolution where it is, so that maps are reordered only where an operator needs it.
 *
 * A multiply-add per channel is an NCHWc convolution of one value per channel, which can add other
 * maps and apply a ReLU in the same pass. So batch norm, the residual and the activation are one.
 */
import { lowerReshape, maskedByRelu, perChannel, scaled } from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import type { LayoutRule, Layouts, Pending } from './layouts.ts';
import {
  blockedConv,
  blockedGlobalMeans,
  blockedMeans,
  blockedMeansOfProduct,
  type CpuEmitter,
  fitsBlocks,
  perChannelAffine,
} from './nchwc.ts';

/** True where one of these maps is in NCHWc layout, and all can be. */
function areBlocked(emit: CpuEmitter, layouts: Layouts, tensors: readonly Tensor[]): boolean {
  const { block } = emit.device;
  return tensors.every((tensor) => fitsBlocks(tensor, block)) && tensors.some(layouts.isBlocked);
}

/** `1 / sqrt(variance + epsilon)` */
function reciprocalDeviation(emit: CpuEmitter, variance: string, node: Node): string {
  const spread = emit.add('Add', [variance, emit.number(node.attributes.epsilon as number)]);
  return emit.add('Reciprocal', [emit.add('Sqrt', [spread])]);
}

/**
 * The variance as `mean x² - mean²`: two passes over the maps less than by differences from the
 * mean. In single precision its relative error is about 1e-7 (1 + mean² / variance); never below 0.
 */
const batchNorm: LayoutRule = (emit, layouts, node) => {
  const [x, gamma, beta] = node.inputs as [Tensor, Tensor, Tensor];
  if (!areBlocked(emit, layouts, [x])) return undefined;
  const images = layouts.blocked(x);
  const mean = blockedMeans(emit, images, x.shape); // [C]
  const squares = blockedMeansOfProduct(emit, [images, images], x.shape); // [C]
  const difference = emit.add('Sub', [squares, emit.add('Mul', [mean, mean])]);
  const variance = emit.add('Max', [difference, emit.number(0)]);
  const { factor, bias } = normalization(emit, { layouts, node, mean, variance, gamma, beta });
  return [
    { pending: affine(emit, { images, factor, bias }, x) },
    { plain: mean },
    { plain: variance },
  ];
};

/** Folds into filters and bias of the convolution before it, where nothing else reads that. */
const batchNormInference: LayoutRule = (emit, layouts, node) => {
  const [x, gamma, beta, mean, variance] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  if (!areBlocked(emit, layouts, [x])) return undefined;
  const given = { mean: layouts.plain(mean), variance: layouts.plain(variance) };
  const { factor, bias } = normalization(emit, { layouts, node, ...given, gamma, beta });
  const before = layouts.pending(x);
  const isBare =
    before && !before.activation && before.sum === undefined && before.bias === undefined;
  if (isBare) return [{ pending: { ...before, filters: () => before.filters(factor), bias } }];
  return [{ pending: affine(emit, { images: layouts.blocked(x), factor, bias }, x) }];
};

interface Normalization {
  layouts: Layouts;
  node: Node;
  mean: string;
  variance: string;
  gamma: Tensor;
  beta: Tensor;
}

/** `factor = gamma / sqrt(variance + epsilon)` and `bias = beta - mean factor`, [C]. */
function normalization(
  emit: CpuEmitter,
  { layouts, node, mean, variance, gamma, beta }: Normalization,
) {
  const factor = emit.add('Mul', [layouts.plain(gamma), reciprocalDeviation(emit, variance, node)]);
  return { factor, bias: emit.add('Sub', [layouts.plain(beta), emit.add('Mul', [mean, factor])]) };
}

/** A multiply-add per channel that is not written yet. */
function affine(
  emit: CpuEmitter,
  parts: { images: string; factor: string; bias?: string },
  { shape }: Tensor,
): Pending {
  const convolution = perChannelAffine(emit, { ...parts, channels: shape[1]! });
  const { filters } = convolution; // [C, 1, 1, 1]
  return {
    ...convolution,
    filters: (factor) => scaled(emit, filters, factor, [shape[1]!, 1, 1, 1]),
  };
}

/** The formulas of the plain rule; the sums over maps are means here. */
const batchNormGradient: LayoutRule = (emit, layouts, node) => {
  const [x, dy, gamma, mean, variance] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  if (!areBlocked(emit, layouts, [x, dy])) return undefined;
  const mul = (a: string, b: string) => emit.add('Mul', [a, b]);
  const sub = (a: string, b: string) => emit.add('Sub', [a, b]);
  const [maps, gradient] = [layouts.blocked(x), layouts.blocked(dy)];
  const M = emit.number(perChannel(x));
  const m = layouts.plain(mean);
  const r = reciprocalDeviation(emit, layouts.plain(variance), node);
  const dyMean = blockedMeans(emit, gradient, x.shape); // [C]
  const products = blockedMeansOfProduct(emit, [gradient, maps], x.shape); // [C]
  const dgammaMean = mul(r, sub(products, mul(m, dyMean)));
  const a = mul(layouts.plain(gamma), r);
  const b = emit.add('Neg', [mul(a, mul(r, dgammaMean))]);
  const c = emit.add('Neg', [emit.add('Add', [mul(a, dyMean), mul(b, m)])]);
  const channels = gamma.shape[0]!;
  const sum = blockedConv(
    emit,
    perChannelAffine(emit, { images: maps, factor: b, bias: c, channels }),
  );
  const pending = affine(emit, { images: gradient, factor: a }, x);
  return [
    { pending: { ...pending, sum } },
    { plain: mul(dgammaMean, M) },
    { plain: mul(dyMean, M) },
  ];
};

/** Becomes the activation of the convolution before it, where nothing else reads that. */
const relu: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  if (!areBlocked(emit, layouts, [x])) return undefined;
  const pending = layouts.pending(x);
  if (pending && !pending.activation) return [{ pending: { ...pending, activation: 'Relu' } }];
  return [{ blocked: emit.add('Relu', [layouts.blocked(x)]) }];
};

/** Becomes part of the convolution before one of the two, where nothing else reads that. */
const add: LayoutRule = (emit, layouts, node) => {
  const [a, b] = node.inputs as [Tensor, Tensor];
  if (!isEvenSized(node) || !areBlocked(emit, layouts, [a, b])) return undefined;
  for (const [one, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const pending = layouts.pending(one);
    if (pending && !pending.activation && pending.sum === undefined && one !== other) {
      return [{ pending: { ...pending, sum: layouts.blocked(other) } }];
    }
  }
  return [{ blocked: emit.add('Add', [layouts.blocked(a), layouts.blocked(b)]) }];
};

const reluGradient: LayoutRule = (emit, layouts, node) => {
  const [y, dy] = node.inputs as [Tensor, Tensor];
  if (!areBlocked(emit, layouts, [y, dy])) return undefined;
  return [{ blocked: maskedByRelu(emit, layouts.blocked(y), layouts.blocked(dy)) }];
};

/** An operator on two maps of one shape, value by value. */
const valueByValue =
  (type: string): LayoutRule =>
  (emit, layouts, node) => {
    if (!isEvenSized(node) || !areBlocked(emit, layouts, node.inputs)) return undefined;
    return [{ blocked: emit.add(type, node.inputs.map(layouts.blocked)) }];
  };

/** True where nothing is broadcast. */
function isEvenSized({ inputs, outputs }: Node): boolean {
  const shape = outputs[0]!.shape.join();
  return inputs.every((tensor) => tensor.shape.join() === shape);
}

/**
 * Over the positions of each map; what is left has one position, whose order is the same in both
 * layouts.
 */
const mean: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  if ((node.attributes.axes as number[]).join() !== '2,3' || !areBlocked(emit, layouts, [x]))
    return undefined;
  return [{ plain: blockedGlobalMeans(emit, layouts.blocked(x)) }];
};

/** Maximum number of positions for such copies: each is an input of one operator. */
const MAX_COPIES = 64;

/**
 * Copies a value per channel to all positions of a small map, as the gradient of a mean over them.
 * Blocks of channels are copied, not single values.
 */
const broadcastTo: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  const [y] = node.outputs as [Tensor];
  const { block } = emit.device;
  const [N, C, H, W] = y.shape as [number, number, number, number];
  if (!fitsBlocks(y, block) || H * W > MAX_COPIES || x.shape.join() !== [N, C, 1, 1].join())
    return undefined;
  const blocks = lowerReshape(emit, layouts.plain(x), [(N * C) / block, 1, block]);
  const copies = emit.add('Concat', new Array<string>(H * W).fill(blocks), { axis: 1 }); // [N C/b, H W, b]
  return [{ blocked: lowerReshape(emit, copies, y.shape) }];
};

export const nchwcRules: Readonly<Record<string, LayoutRule>> = {
  batchNorm,
  batchNormGradient,
  batchNormInference,
  relu,
  reluGradient,
  add,
  sub: valueByValue('Sub'),
  mul: valueByValue('Mul'),
  mean,
  broadcastTo,
};
