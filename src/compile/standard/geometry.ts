/** Geometry of a convolution or of one of its adjoints, as attributes of ONNX nodes. */
import type { Node } from '../../tensor/index.ts';
import type { NodeOptions } from '../emitter.ts';

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

/** A 1 x 1 convolution of stride 1: a matrix product per position. */
export function isPointwise(
  { stride, padding, groups }: Geometry,
  kernel: readonly number[],
): boolean {
  return (
    kernel.every((k) => k === 1) &&
    stride.every((s) => s === 1) &&
    padding.every((p) => p === 0) &&
    groups === 1
  );
}

/** Attributes of the convolution with flipped filters that is the adjoint of one of stride 1. */
export function adjointAttributes(geometry: Geometry, kernel: readonly number[]): NodeOptions {
  const { dilation, padding } = geometry;
  const border = kernel.map((k, i) => dilation[i]! * (k - 1) - padding[i]!);
  return windowAttributes({ ...geometry, padding: border as [number, number] }, kernel);
}
