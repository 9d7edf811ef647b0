/**
 * ONNX nodes that many lowering rules append: reshaping, transposing, padding, slicing, scaling.
 */
import { sizeOf, type Tensor } from '../../tensor/index.ts';
import type { Emitter } from '../emitter.ts';

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

export function lowerSlice(
  emit: Emitter,
  x: string,
  { starts, ends, axes, steps }: SliceSpec,
): string {
  const inputs = [x, emit.integers(starts), emit.integers(ends), emit.integers(axes)];
  if (steps?.some((step) => step !== 1)) inputs.push(emit.integers(steps));
  return emit.add('Slice', inputs);
}

/**
 * Reshapes a single number to the rank of the shape that it is combined with, where that is faster.
 * Where the shape ends in an extent of 1, ONNX Runtime combines a number of lower rank value by
 * value, at a tenth of the speed.
 */
export function matchRank(
  emit: Emitter,
  name: string,
  x: Tensor,
  shape: readonly number[],
): string {
  const isSlow =
    sizeOf(x.shape) === 1 &&
    x.shape.length < shape.length &&
    shape.at(-1) === 1 &&
    sizeOf(shape) > 1;
  return isSlow
    ? lowerReshape(
        emit,
        name,
        shape.map(() => 1),
      )
    : name;
}

/** Multiplies x by a factor of this shape, where there is one. */
export function scaled(
  emit: Emitter,
  x: string,
  factor: string | undefined,
  shape: readonly number[],
): string {
  return factor === undefined ? x : emit.add('Mul', [x, lowerReshape(emit, factor, shape)]);
}

/**
 * Selects dy where y > 0, for y = relu(x): a mask in two passes, in place of a comparison and a
 * choice.
 */
export function maskedByRelu(emit: Emitter, y: string, dy: string): string {
  const mask = emit.add('HardSigmoid', [y], { alpha: { float: 3e38 }, beta: { float: 0 } });
  return emit.add('Mul', [mask, dy]);
}

/** Elements per channel of a tensor [N, C, ..]. */
export function perChannel(tensor: Tensor): number {
  return sizeOf(tensor.shape) / tensor.shape[1]!;
}
