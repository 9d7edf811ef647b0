/**
 * The convolution and its input gradient in standard operators. The gradient has several kernels.
 */
import type { Node } from '../../tensor/index.ts';
import type { Rule } from '../emitter.ts';
import { adjointAttributes, geometryOf, isPointwise, windowAttributes } from './geometry.ts';
import { lowerReshape, lowerTranspose } from './moves.ts';

export const conv2d: Rule = (emit, node, [x, w]) => {
  const kernel = node.inputs[1]!.shape.slice(2);
  return [emit.add('Conv', [x!, w!], windowAttributes(geometryOf(node), kernel))];
};

/** Kernels that are valid for an input gradient, the default first. */
export function inputGradientKernels(node: Node): string[] {
  const geometry = geometryOf(node);
  const kernel = node.inputs[1]!.shape.slice(2);
  if (isPointwise(geometry, kernel)) return ['product', 'transposed'];
  const isDense = geometry.groups === 1 && geometry.stride.every((s) => s === 1);
  const reaches = kernel.every((k, i) => geometry.dilation[i]! * (k - 1) >= geometry.padding[i]!);
  return isDense && reaches ? ['flipped', 'transposed'] : ['transposed'];
}

export const conv2dInputGradient: Rule = (emit, node, [dy, w]) => {
  const geometry = geometryOf(node);
  const shape = node.attributes.shape as number[];
  const [O, I, ...kernel] = node.inputs[1]!.shape as [number, number, ...number[]];
  const { stride, padding, dilation } = geometry;
  switch (emit.kernelOf(node)) {
    case 'product': {
      // dx[n] = Wᵀ dy[n], all positions at once
      const [N, C, H, W] = shape as [number, number, number, number];
      const flat = lowerReshape(emit, dy!, [N, O, H * W]); // [N, O, HW]
      const weights = lowerTranspose(emit, lowerReshape(emit, w!, [O, C]), [1, 0]); // [C, O]
      return [lowerReshape(emit, emit.add('MatMul', [weights, flat]), shape)]; // [N, C, H, W]
    }
    case 'flipped': {
      // A stride-1 adjoint is the convolution with filters flipped in space and channels exchanged.
      const positions = kernel.reduce((a, b) => a * b, 1);
      const flat = lowerReshape(emit, w!, [O, I, positions]);
      const reversed = emit.integers(
        Array.from({ length: positions }, (_, i) => positions - 1 - i),
      );
      const flipped = emit.add('Gather', [flat, reversed], { axis: 2 });
      const filters = lowerReshape(emit, lowerTranspose(emit, flipped, [1, 0, 2]), [
        I,
        O,
        ...kernel,
      ]);
      return [emit.add('Conv', [dy!, filters], adjointAttributes(geometry, kernel))];
    }
    default: {
      const extent = node.inputs[0]!.shape.slice(2);
      const reached = extent.map(
        (size, i) =>
          (size - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (kernel[i]! - 1) + 1,
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
