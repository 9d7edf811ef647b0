/**
 * Lowering of the convolution and of its adjoint in the image.
 *
 * Gradients of a convolution have several formulations in standard operators, and which is fastest depends on the
 * shape and the processor. Each formulation has a name here; the plan says which one a shape uses.
 */
import type { Node, Tensor } from '../../tensor/index.ts';
import { canBlock } from './blocked.ts';
import { lowerReshape, lowerTranspose, scaled } from './common.ts';
import type { Capabilities, Emitter, LayoutRule, NodeOptions, Rule } from './emitter.ts';
import { adjointFilters, blockedFilters } from './filterOrders.ts';
import { byPhases, canWeave } from './inputGradientPhases.ts';
import type { Layouts } from './layouts.ts';
import { areWholeMaps, wholeMapsConv, wholeMapsInputGradient } from './wholeMaps.ts';

export interface Geometry {
  stride: readonly [number, number];
  padding: readonly [number, number];
  dilation: readonly [number, number];
  groups: number;
}

export function geometryOf(node: Node): Geometry {
  return node.attributes as unknown as Geometry;
}

export function windowAttributes(
  { stride, padding, dilation, groups }: Geometry,
  kernel: readonly number[],
): NodeOptions {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: stride },
    pads: { ints: [...padding, ...padding] },
    dilations: { ints: dilation },
    group: groups,
  };
}

function isPointwise({ stride, padding, groups }: Geometry, kernel: readonly number[]): boolean {
  return (
    kernel.every((k) => k === 1) &&
    stride.every((s) => s === 1) &&
    padding.every((p) => p === 0) &&
    groups === 1
  );
}

/** Formulations of the convolution that are valid for a node, the default first. */
export function convolutionFormulations(node: Node, capabilities: Capabilities): string[] {
  const { shape } = node.inputs[1]!;
  const blocks = canBlock(shape, geometryOf(node).groups, capabilities.block);
  return [
    ...(blocks ? ['blocked'] : []),
    'plain',
    ...(areWholeMaps(node, capabilities) ? ['wholeMaps'] : []),
  ];
}

export const conv2d: Rule = (emit, node, [x, w]) => {
  const kernel = node.inputs[1]!.shape.slice(2);
  return [emit.add('Conv', [x!, w!], windowAttributes(geometryOf(node), kernel))];
};

/** Blocked maps from blocked maps, or from plain images of few channels. */
export const blockedConv2d: LayoutRule = (emit, layouts, node) => {
  const chosen = emit.choose(node, convolutionFormulations(node, emit.capabilities));
  const { block } = emit.capabilities;
  const [x, w] = node.inputs as [Tensor, Tensor];
  if (chosen === 'wholeMaps')
    return [{ blocked: wholeMapsConv(emit, node, layouts.blocked(x), layouts.taps(w)) }];
  if (chosen !== 'blocked') return undefined;
  const isPlain = w.shape[1]! < block;
  const pending = {
    images: isPlain ? layouts.plain(x) : layouts.blocked(x),
    filters: (factor?: string) => filtersOf(emit, layouts, w, { factor, axis: 0 }),
    attributes: windowAttributes(geometryOf(node), w.shape.slice(2)),
  };
  return [{ pending }];
};

/** Filters in blocks, times a factor for each channel of O (axis 0) or C (axis 1), where there is one. */
function filtersOf(
  emit: Emitter,
  layouts: Layouts,
  w: Tensor,
  { factor, axis }: { factor?: string; axis: 0 | 1 },
): string {
  if (factor === undefined) return layouts.filters(w);
  const each = [1, 1, 1, 1].with(axis, w.shape[axis]!);
  return blockedFilters(emit, scaled(emit, layouts.plain(w), factor, each), w.shape);
}

/** Formulations of the input gradient that are valid for a node, the default first. */
export function inputGradientFormulations(node: Node, capabilities: Capabilities): string[] {
  const { block } = capabilities;
  const geometry = geometryOf(node);
  const w = node.inputs[1];
  const [, C, ...kernel] = w!.shape as [number, number, ...number[]];
  const blocks = canBlock(w!.shape, geometry.groups, block) && C % block === 0;
  if (isPointwise(geometry, kernel)) return ['product', 'transposed', ...(blocks ? ['blocked'] : [])];
  const plain = geometry.groups === 1 && geometry.stride.every((s) => s === 1);
  const reaches = kernel.every((k, i) => geometry.dilation[i]! * (k - 1) >= geometry.padding[i]!);
  const whole = areWholeMaps(node, capabilities) ? ['wholeMaps'] : [];
  if (canWeave(node, capabilities)) return ['phases', 'transposed', ...whole];
  if (!(plain && reaches)) return ['transposed', ...whole];
  return [...(blocks ? ['blocked'] : []), 'flipped', 'transposed', ...whole];
}

/** Attributes of the convolution with flipped filters that is the adjoint of one of stride 1. */
function adjointAttributes(geometry: Geometry, kernel: readonly number[]): NodeOptions {
  const { dilation, padding } = geometry;
  const border = kernel.map((k, i) => dilation[i]! * (k - 1) - padding[i]!);
  return windowAttributes({ ...geometry, padding: border as [number, number] }, kernel);
}

/** The adjoint from blocked to blocked maps. */
export const blockedInputGradient: LayoutRule = (emit, layouts, node) => {
  const chosen = emit.choose(node, inputGradientFormulations(node, emit.capabilities));
  const [dy, w] = node.inputs as [Tensor, Tensor];
  if (chosen === 'phases')
    return [{ blocked: byPhases(emit, node, layouts.blocked(dy), layouts.filters(w)) }];
  if (chosen === 'wholeMaps') {
    return [{ blocked: wholeMapsInputGradient(emit, node, layouts.blocked(dy), layouts.taps(w)) }];
  }
  if (chosen !== 'blocked') return undefined;
  const pending = {
    images: layouts.blocked(dy),
    filters: (factor?: string) =>
      adjointFilters(emit, filtersOf(emit, layouts, w, { factor, axis: 1 }), w.shape),
    attributes: adjointAttributes(geometryOf(node), w.shape.slice(2)),
  };
  return [{ pending }];
};

export const conv2dInputGradient: Rule = (emit, node, [dy, w]) => {
  const geometry = geometryOf(node);
  const shape = node.attributes.shape as number[];
  const [O, I, ...kernel] = node.inputs[1]!.shape as [number, number, ...number[]];
  const { stride, padding, dilation } = geometry;
  switch (emit.choose(node, inputGradientFormulations(node, emit.capabilities))) {
    case 'product': {
      // dx[n] = Wᵀ dy[n], all positions at once
      const [N, C, H, W] = shape as [number, number, number, number];
      const flat = lowerReshape(emit, dy!, [N, O, H * W]); // [N, O, HW]
      const weights = lowerTranspose(emit, lowerReshape(emit, w!, [O, C]), [1, 0]); // [C, O]
      return [lowerReshape(emit, emit.add('MatMul', [weights, flat]), shape)]; // [N, C, H, W]
    }
    case 'flipped': {
      // A stride-1 adjoint is the convolution with filters flipped in space and channels exchanged.
      const taps = kernel.reduce((a, b) => a * b, 1);
      const flat = lowerReshape(emit, w!, [O, I, taps]);
      const reversed = emit.integers(Array.from({ length: taps }, (_, i) => taps - 1 - i));
      const flipped = emit.add('Gather', [flat, reversed], { axis: 2 });
      const filters = lowerReshape(emit, lowerTranspose(emit, flipped, [1, 0, 2]), [I, O, ...kernel]);
      return [emit.add('Conv', [dy!, filters], adjointAttributes(geometry, kernel))];
    }
    default: {
      const extent = node.inputs[0]!.shape.slice(2);
      const reached = extent.map(
        (size, i) => (size - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (kernel[i]! - 1) + 1,
      );
      const rest = reached.map((size, i) => shape[2 + i]! - size);
      return [
        emit.add('ConvTranspose', [dy!, w!], {
          ...windowAttributes(geometry, kernel),
          output_padding: { ints: rest },
        }),
      ];
    }
  }
};
