/**
 * The convolution's filter gradient in standard operators: several kernels in matrix products and
 * one as a convolution.
 *
 * `dW[o, c, u, v] = sum over n, i, j of dy[n, o, i, j] x[n, c, i s + u d - p, j s + v d - p]`. The
 * sum runs over all positions of all images, so the products are long and thin, and their speed
 * depends on the way in which the shifted parts of x are gathered.
 */
import type { Node } from '../../tensor/index.ts';
import type { Emitter, Rule } from '../emitter.ts';
import { type Geometry, geometryOf, windowAttributes } from './geometry.ts';
import { lowerPad, lowerReshape, lowerSlice, lowerTranspose } from './moves.ts';

/** Kernels that are valid for a filter gradient, the default first. */
export function filterGradientKernels(node: Node): string[] {
  const { stride, dilation, groups } = geometryOf(node);
  if (groups > 1) return ['taps'];
  const [, , kh, kw] = node.attributes.shape as [number, number, number, number];
  if (kh === 1 && kw === 1) return ['taps', 'rows'];
  const names = ['rows', 'taps', 'columns', 'exchanged'];
  const isShift = [...stride, ...dilation].every((step) => step === 1);
  return isShift ? ['shifted', ...names, 'stacked'] : names;
}

export const conv2dFilterGradient: Rule = (emit, node, [x, dy]) => {
  const problem = filterProblem(emit, node, x!, dy!);
  switch (emit.kernelOf(node)) {
    case 'rows':
      return [byRows(problem)];
    case 'columns':
      return [byColumns(problem)];
    case 'shifted':
      return [byShifts(problem)];
    case 'stacked':
      return [byStacking(problem)];
    case 'exchanged':
      return [byExchange(problem)];
    default:
      return [byPositions(problem)];
  }
};

/** A filter gradient with its extents, and the emitter that it is written to. */
export interface FilterProblem<D = unknown> extends Geometry {
  emit: Emitter<D>;
  x: string;
  dy: string;
  N: number;
  C: number;
  O: number;
  kernel: readonly [number, number];
  /** Extents of x and of dy. */
  input: readonly [number, number];
  output: readonly [number, number];
}

export function filterProblem<D>(
  emit: Emitter<D>,
  node: Node,
  x: string,
  dy: string,
): FilterProblem<D> {
  const [N, C, H, W] = node.inputs[0]!.shape as [number, number, number, number];
  const [, O, OH, OW] = node.inputs[1]!.shape as [number, number, number, number];
  const [, , kh, kw] = node.attributes.shape as [number, number, number, number];
  return {
    ...geometryOf(node),
    emit,
    x,
    dy,
    N,
    C,
    O,
    kernel: [kh, kw],
    input: [H, W],
    output: [OH, OW],
  };
}

/** Parts of the padded input that each kernel position reads for all outputs, on two axes. */
function positionSlices(
  { emit, kernel, stride, dilation, output }: FilterProblem,
  padded: string,
  axes: number[],
) {
  const slices: string[] = [];
  for (let u = 0; u < kernel[0]; u++) {
    for (let v = 0; v < kernel[1]; v++) {
      const starts = [u * dilation[0], v * dilation[1]];
      const ends = starts.map((start, i) => start + (output[i]! - 1) * stride[i]! + 1);
      slices.push(lowerSlice(emit, padded, { starts, ends, axes, steps: stride }));
    }
  }
  return slices;
}

/** x with its zero padding, [N, C, H + 2p, W + 2p]. */
function paddedInput({ emit, x, padding: [ph, pw] }: FilterProblem): string {
  return lowerPad(emit, x, [0, 0, ph, pw], [0, 0, ph, pw]);
}

/**
 * By a batched product per kernel position: `dW[u, v] = sum_n dy[n] x_uv[n]ᵀ`. The only kernel for
 * groups.
 */
function byPositions(problem: FilterProblem): string {
  const { emit, dy, N, C, O, kernel, output, groups } = problem;
  const L = output[0] * output[1];
  const rows = groups === 1 ? [N, O, L] : [N, groups, O / groups, L];
  const columns = groups === 1 ? [N, C, L] : [N, groups, C / groups, L];
  const swap = groups === 1 ? [0, 2, 1] : [0, 1, 3, 2];
  const gradient = lowerReshape(emit, dy, rows); // [N, (g,) O/g, L]
  const products = positionSlices(problem, paddedInput(problem), [2, 3]).map((part) => {
    const map = lowerTranspose(emit, lowerReshape(emit, part, columns), swap); // [N, (g,) L, C/g]
    const product = emit.add('MatMul', [gradient, map]); // [N, (g,) O/g, C/g]
    const total = emit.add('ReduceSum', [product, emit.integers([0])], { keepdims: 0 }); // [(g,) O/g, C/g]
    return lowerReshape(emit, total, [O, C / groups, 1]);
  });
  const joined = products.length === 1 ? products[0]! : emit.add('Concat', products, { axis: 2 });
  return lowerReshape(emit, joined, [O, C / groups, ...kernel]);
}

/** Gradient with the channel first, [O, N L]. Whole maps are moved, so this is nearly a copy. */
function channelFirst({ emit, dy, N, O, output }: FilterProblem): string {
  const moved = lowerTranspose(emit, dy, [1, 0, 2, 3]); // [O, N, OH, OW]
  return lowerReshape(emit, moved, [O, N * output[0] * output[1]]); // [O, N L]
}

/**
 * By a product over the whole batch per kernel position, with x in channels-last order: `dW[u, v] =
 * dy [O, NL] x_uv [NL, C]`.
 */
function byRows(problem: FilterProblem): string {
  const { emit, N, C, O, kernel, output } = problem;
  const gradient = channelFirst(problem); // [O, NL]
  const last = lowerTranspose(emit, paddedInput(problem), [0, 2, 3, 1]); // [N, Hp, Wp, C]
  const products = positionSlices(problem, last, [1, 2]).map((part) => {
    const rows = lowerReshape(emit, part, [N * output[0] * output[1], C]); // [NL, C]
    return lowerReshape(emit, emit.add('MatMul', [gradient, rows]), [O, C, 1]);
  });
  const joined = products.length === 1 ? products[0]! : emit.add('Concat', products, { axis: 2 });
  return lowerReshape(emit, joined, [O, C, ...kernel]);
}

/**
 * By one product for all kernel positions, with columns gathered first: `dW = dy [O, NL] columns
 * [NL, positions C]`.
 */
function byColumns(problem: FilterProblem): string {
  const { emit, N, C, O, kernel, output } = problem;
  const last = lowerTranspose(emit, paddedInput(problem), [0, 2, 3, 1]); // [N, Hp, Wp, C]
  const columns = emit.add('Concat', positionSlices(problem, last, [1, 2]), { axis: 3 }); // [N, OH, OW, positions C]
  const positions = kernel[0] * kernel[1];
  const flat = lowerReshape(emit, columns, [N * output[0] * output[1], positions * C]);
  const product = lowerReshape(emit, emit.add('MatMul', [channelFirst(problem), flat]), [
    O,
    positions,
    C,
  ]);
  return lowerReshape(emit, lowerTranspose(emit, product, [0, 2, 1]), [O, C, ...kernel]);
}

/**
 * Stride 1: with rows of x and dy of one length, a kernel position is a shift of the flattened map,
 * so that its slice is one piece of memory per channel: `dW[u, v] = sum_n x[n, :, shift ..]
 * dyᵀ[n]`, products [C, L] x [L, O]. Columns that only x has are zeros in dy.
 */
function byShifts(problem: FilterProblem): string {
  const { emit, dy, N, C, O, kernel, input, output, padding } = problem;
  const [height, width] = [input[0] + 2 * padding[0], input[1] + 2 * padding[1]];
  const L = output[0] * width - (width - output[1]);
  const flat = lowerReshape(emit, paddedInput(problem), [N, C, height * width]);
  const widened = lowerPad(emit, dy, [0, 0, 0, 0], [0, 0, 0, width - output[1]]); // [N, O, OH, Wp]
  const map = lowerReshape(emit, widened, [N, O, output[0] * width]);
  const cut = lowerSlice(emit, map, { starts: [0], ends: [L], axes: [2] });
  const gradient = lowerTranspose(emit, cut, [0, 2, 1]); // [N, L, O]
  const products: string[] = [];
  for (let u = 0; u < kernel[0]; u++) {
    for (let v = 0; v < kernel[1]; v++) {
      const shift = u * width + v;
      const part = lowerSlice(emit, flat, { starts: [shift], ends: [shift + L], axes: [2] }); // [N, C, L]
      const product = emit.add('MatMul', [part, gradient]); // [N, C, O]
      const total = emit.add('ReduceSum', [product, emit.integers([0])], { keepdims: 0 }); // [C, O]
      products.push(lowerReshape(emit, total, [1, C, O]));
    }
  }
  const joined = products.length === 1 ? products[0]! : emit.add('Concat', products, { axis: 0 }); // [positions, C, O]
  return lowerReshape(emit, lowerTranspose(emit, joined, [2, 1, 0]), [O, C, ...kernel]);
}

/**
 * Stride 1: horizontal kernel positions are stacked as channels of x, vertical ones as placements
 * of dy between zero rows, so that one product computes all: `[kh O, N Hp OW] x [N Hp OW, kw C]`.
 */
function byStacking(problem: FilterProblem): string {
  const { emit, dy, N, C, O, kernel, input, output, padding } = problem;
  const [kh, kw] = kernel;
  const height = input[0] + 2 * padding[0];
  const last = lowerTranspose(emit, paddedInput(problem), [0, 2, 3, 1]); // [N, Hp, Wp, C]
  const shifts = Array.from({ length: kw }, (_, v) =>
    lowerSlice(emit, last, { starts: [v], ends: [v + output[1]], axes: [2] }),
  );
  const stacked = kw === 1 ? shifts[0]! : emit.add('Concat', shifts, { axis: 3 }); // [N, Hp, OW, kw C]
  const flat = lowerReshape(emit, stacked, [N * height * output[1], kw * C]);
  const moved = lowerTranspose(emit, dy, [1, 0, 2, 3]); // [O, N, OH, OW]
  const placements = Array.from({ length: kh }, (_, u) =>
    lowerPad(emit, moved, [0, 0, u, 0], [0, 0, height - output[0] - u, 0]),
  ); // each [O, N, Hp, OW]
  const placed = kh === 1 ? placements[0]! : emit.add('Concat', placements, { axis: 0 }); // [kh O, N, Hp, OW]
  const rows = lowerReshape(emit, placed, [kh * O, N * height * output[1]]);
  const product = lowerReshape(emit, emit.add('MatMul', [rows, flat]), [kh, O, kw, C]);
  return lowerTranspose(emit, product, [1, 3, 0, 2]); // [O, C, kh, kw]
}

/** A convolution in which batch and channels exchange their roles; stride becomes dilation. */
function byExchange(problem: FilterProblem): string {
  const { emit, x, dy, kernel, stride, padding, dilation, output } = problem;
  const images = lowerTranspose(emit, x, [1, 0, 2, 3]); // [C, N, H, W]
  const filters = lowerTranspose(emit, dy, [1, 0, 2, 3]); // [O, N, OH, OW]
  const exchanged = { stride: dilation, padding, dilation: stride, groups: 1 };
  const wide = emit.add('Conv', [images, filters], windowAttributes(exchanged, output)); // [C, O, >= kh, >= kw]
  const cut = lowerSlice(emit, wide, { starts: [0, 0], ends: kernel, axes: [2, 3] });
  return lowerTranspose(emit, cut, [1, 0, 2, 3]); // [O, C, kh, kw]
}
