/**
 * Lowering of the convolution and of its adjoint in the image.
 *
 * Gradients of a convolution have several formulations in standard operators, and which is fastest depends on the
 * shape and the processor. Each formulation has a name here; the plan says which one a shape uses.
 */
import type { Node } from '../../tensor/index.ts';
import { canBlock, lowerBlockedConv } from './blocked.ts';
import { lowerReshape, lowerTranspose } from './common.ts';
import type { Capabilities, NodeOptions, Rule } from './emitter.ts';

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
export function convolutionFormulations(node: Node, { block }: Capabilities): string[] {
  const { shape } = node.inputs[1]!;
  return canBlock(shape, geometryOf(node).groups, block) ? ['blocked', 'plain'] : ['plain'];
}

export const conv2d: Rule = (emit, node, [x, w]) => {
  const shape = node.inputs[1]!.shape as [number, number, number, number];
  const attributes = windowAttributes(geometryOf(node), shape.slice(2));
  if (emit.choose(node, convolutionFormulations(node, emit.capabilities)) === 'blocked') {
    return [lowerBlockedConv(emit, { x: x!, w: w!, shape, block: emit.capabilities.block, attributes })];
  }
  return [emit.add('Conv', [x!, w!], attributes)];
};

/** Formulations of the input gradient that are valid for a node, the default first. */
export function inputGradientFormulations(node: Node, { block }: Capabilities): string[] {
  const geometry = geometryOf(node);
  const w = node.inputs[1];
  const kernel = w!.shape.slice(2);
  if (isPointwise(geometry, kernel)) return ['product', 'transposed'];
  const plain = geometry.groups === 1 && geometry.stride.every((s) => s === 1);
  const reaches = kernel.every((k, i) => geometry.dilation[i]! * (k - 1) >= geometry.padding[i]!);
  if (!(plain && reaches)) return ['transposed'];
  return canBlock(w!.shape, 1, block) ? ['blocked', 'flipped', 'transposed'] : ['flipped', 'transposed'];
}

export const conv2dInputGradient: Rule = (emit, node, [dy, w]) => {
  const geometry = geometryOf(node);
  const shape = node.attributes.shape as number[];
  const [O, I, ...kernel] = node.inputs[1]!.shape as [number, number, ...number[]];
  const { stride, padding, dilation } = geometry;
  const formulation = emit.choose(node, inputGradientFormulations(node, emit.capabilities));
  switch (formulation) {
    case 'product': {
      // dx[n] = Wᵀ dy[n], all positions at once
      const [N, C, H, W] = shape as [number, number, number, number];
      const flat = lowerReshape(emit, dy!, [N, O, H * W]); // [N, O, HW]
      const weights = lowerTranspose(emit, lowerReshape(emit, w!, [O, C]), [1, 0]); // [C, O]
      return [lowerReshape(emit, emit.add('MatMul', [weights, flat]), shape)]; // [N, C, H, W]
    }
    case 'flipped':
    case 'blocked': {
      // A stride-1 adjoint is the convolution with filters flipped in space and channels exchanged.
      const taps = kernel.reduce((a, b) => a * b, 1);
      const flat = lowerReshape(emit, w!, [O, I, taps]);
      const reversed = emit.integers(Array.from({ length: taps }, (_, i) => taps - 1 - i));
      const flipped = emit.add('Gather', [flat, reversed], { axis: 2 });
      const filters = lowerReshape(emit, lowerTranspose(emit, flipped, [1, 0, 2]), [I, O, ...kernel]);
      const border = kernel.map((k, i) => dilation[i]! * (k - 1) - padding[i]!);
      const attributes = windowAttributes({ ...geometry, padding: border as [number, number] }, kernel);
      if (formulation === 'flipped') return [emit.add('Conv', [dy!, filters], attributes)];
      const [kh, kw] = kernel as [number, number];
      const { block } = emit.capabilities;
      return [lowerBlockedConv(emit, { x: dy!, w: filters, shape: [I, O, kh, kw], block, attributes })];
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
