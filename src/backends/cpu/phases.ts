/**
 * The input gradient of a strided convolution as NCHWc convolutions of stride 1, one per phase.
 *
 * Positions of x with the same remainder by the stride are read by the same kernel positions: `dx[s
 * m + q] = sum over t of w[u + s t] dy[m + e - t]` with `u = (q + p) mod s` and `e = (q + p - u) /
 * s`, in each direction. So each of the s x s phases is a convolution of dy with some of the kernel
 * positions, as much work in all as the convolution itself, and dx is woven from them.
 */
import { geometryOf, lowerPad, lowerReshape } from '../../compile/standard/index.ts';
import type { Node } from '../../tensor/index.ts';
import { adjointFiltersOf, exchangedPositions } from './filterLayouts.ts';
import { blockedConv, type Capabilities, type CpuEmitter, canBlock } from './nchwc.ts';

/** A direction of a phase: its kernel positions in descending order, and the padding of dy. */
interface Phase {
  kernelPositions: number[];
  pads: [before: number, after: number];
}

interface Direction {
  kernel: number;
  stride: number;
  padding: number;
  /** Extents of x and dy. */
  from: number;
  to: number;
}

/** Phases of a direction; without kernel positions where nothing reads x. */
function phasesOf({ kernel, stride, padding, from, to }: Direction): Phase[] {
  return Array.from({ length: stride }, (_, q) => {
    const first = (q + padding) % stride;
    const shift = (q + padding - first) / stride;
    const kernelPositions: number[] = [];
    for (let kernelPosition = first; kernelPosition < kernel; kernelPosition += stride)
      kernelPositions.unshift(kernelPosition);
    const before = kernelPositions.length - 1 - shift;
    return {
      kernelPositions,
      pads: [before, from / stride - to - before + kernelPositions.length - 1],
    };
  });
}

function directionsOf(node: Node): [Direction, Direction] {
  const { stride, padding } = geometryOf(node);
  const shape = node.attributes.shape as number[];
  return [0, 1].map((i) => ({
    kernel: node.inputs[1]!.shape[2 + i]!,
    stride: stride[i]!,
    padding: padding[i]!,
    from: shape[2 + i]!,
    to: node.inputs[0]!.shape[2 + i]!,
  })) as [Direction, Direction];
}

/**
 * True for a strided convolution whose input gradient can be woven: NCHWc maps, whole strides, and
 * kernel positions for all phases or the first.
 */
export function canWeave(node: Node, { block }: Capabilities): boolean {
  const { stride, dilation, groups } = geometryOf(node);
  const { shape } = node.inputs[1]!;
  if (stride.every((s) => s === 1) || dilation.some((d) => d !== 1)) return false;
  if (!canBlock(shape, groups, block) || shape[1]! % block !== 0) return false;
  const directions = directionsOf(node);
  const phases = directions.map(phasesOf);
  const isWhole = directions.every(({ from, stride: s }) => from % s === 0);
  const isPadded = phases
    .flat()
    .every(
      ({ kernelPositions, pads }) => kernelPositions.length === 0 || pads.every((p) => p >= 0),
    );
  const some = phases.map(
    (of) => of.filter(({ kernelPositions }) => kernelPositions.length > 0).length,
  );
  const isFull = some.every((count, i) => count === directions[i]!.stride);
  const isFirst =
    some.every((count) => count === 1) &&
    phases.every(([phase]) => phase!.kernelPositions.length > 0);
  return isWhole && isPadded && (isFull || isFirst);
}

/** NCHWc dx [N, C, H, W] from NCHWc dy and NCHWc filters w. */
export function byPhases(emit: CpuEmitter, node: Node, dy: string, w: string): string {
  const { block } = emit.device;
  const { shape } = node.inputs[1]!;
  const kw = shape[3]!;
  const [N, C, H, W] = node.attributes.shape as [number, number, number, number];
  const [down, across] = directionsOf(node);
  const [rows, columns] = [down.from / down.stride, across.from / across.stride];
  const exchanged = exchangedPositions(emit, w, shape); // [O C kernelPositions / b², b²]
  const outer = (N * C * rows) / block;

  /** Maps of one phase, [N, C/b, rows, columns, b]. */
  const convolved = (v: Phase, h: Phase) => {
    const chosen = v.kernelPositions.flatMap((kernelPosition) =>
      h.kernelPositions.map((other) => kernelPosition * kw + other),
    );
    const kernel = [v.kernelPositions.length, h.kernelPositions.length];
    return blockedConv(emit, {
      images: dy,
      filters: adjointFiltersOf(emit, exchanged, shape, { kernelPositions: chosen, kernel }),
      attributes: {
        kernel_shape: { ints: kernel },
        strides: { ints: [1, 1] },
        pads: { ints: [v.pads[0], h.pads[0], v.pads[1], h.pads[1]] },
        dilations: { ints: [1, 1] },
        group: 1,
      },
    });
  };
  const vertical = phasesOf(down);
  const horizontal = phasesOf(across);
  if (
    [...vertical.slice(1), ...horizontal.slice(1)].every(
      ({ kernelPositions: none }) => none.length === 0,
    )
  ) {
    const only = lowerReshape(emit, convolved(vertical[0]!, horizontal[0]!), [
      outer,
      1,
      columns,
      block,
    ]);
    const rest = [0, down.stride - 1, 0, (across.stride - 1) * block];
    return lowerReshape(emit, lowerPad(emit, only, [0, 0, 0, 0], rest), [N, C, H, W]);
  }
  const woven = vertical.map((v) => {
    const parts = horizontal.map((h) =>
      lowerReshape(emit, convolved(v, h), [outer * columns, block]),
    );
    return lowerReshape(emit, joined(emit, parts), [outer, W * block]);
  });
  return lowerReshape(emit, joined(emit, woven), [N, C, H, W]);
}

function joined(emit: CpuEmitter, parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : emit.add('Concat', parts, { axis: 1 });
}
