/**
 * Convolutions of the smallest maps and their adjoints, as matrix products of one position with
 * another.
 *
 * A convolution visits all its kernel positions at each output, and on a map of 2 x 2 most
 * positions of a 3 x 3 window reach over the edge: 16 of 36 read the map, on one of 3 x 3 49 of 81.
 * It also reads all filters once per image. With `W(p, q) [C, O]`, the weights by which position p
 * of the result reads position q of the image:
 * - `y(p) [N, O] = sum over q of x(q) [N, C] W(p, q)`
 * - `dx(q) [N, C] = sum over p of dy(p) [N, O] W(p, q)ᵀ`
 * - `dW(u) [C, O] = sum over p, q that read by kernel position u of x(q)ᵀ dy(p)`
 */
import {
  type Geometry,
  geometryOf,
  lowerReshape,
  lowerTranspose,
} from '../../compile/standard/index.ts';
import type { Node } from '../../tensor/index.ts';
import { type Capabilities, type CpuEmitter, canBlock } from './nchwc.ts';

/** A convolution of x [N, C, H, W] to y [N, O, OH, OW], with filters w [O, C, kh, kw]. */
interface ConvGeometry extends Geometry {
  x: readonly number[];
  w: readonly number[];
  y: readonly number[];
}

/** The convolution that a node is, or is an adjoint of. */
function convGeometryOf(node: Node): ConvGeometry {
  const [first, second] = node.inputs.map(({ shape }) => shape) as [
    readonly number[],
    readonly number[],
  ];
  const shape = node.attributes.shape as readonly number[];
  const own = geometryOf(node);
  if (node.operator === 'conv2d') return { ...own, x: first, w: second, y: node.outputs[0]!.shape };
  if (node.operator === 'conv2dInputGradient') return { ...own, x: shape, w: second, y: first };
  return { ...own, x: first, w: shape, y: second };
}

/** Marks a pair in which the result does not read the image. */
const NO_POSITION = -1;

/**
 * Kernel positions [p, q] by which positions of the result read those of the image, or
 * `NO_POSITION`.
 */
function kernelPositionsOf({ x, w, y, stride, padding, dilation }: ConvGeometry): number[][] {
  /** Of one direction, [to, from]. */
  const [down, across] = [0, 1].map((axis) =>
    Array.from({ length: y[2 + axis]! }, (_, to) =>
      Array.from({ length: x[2 + axis]! }, (_, from) => {
        const kernelPosition = (from + padding[axis]! - to * stride[axis]!) / dilation[axis]!;
        return Number.isInteger(kernelPosition) &&
          kernelPosition >= 0 &&
          kernelPosition < w[2 + axis]!
          ? kernelPosition
          : NO_POSITION;
      }),
    ),
  ) as [number[][], number[][]];
  const both = (u: number, v: number) =>
    u === NO_POSITION || v === NO_POSITION ? NO_POSITION : u * w[3]! + v;
  return down.flatMap((rows) =>
    across.map((columns) => rows.flatMap((u) => columns.map((v) => both(u, v)))),
  );
}

/** Positions of the largest maps for these kernels. */
const MAX_POSITIONS = 16;

/**
 * True for a convolution of small maps whose channels are whole blocks. With a single kernel
 * position there is nothing to leave out.
 */
export function areWholeMaps(node: Node, { block }: Capabilities): boolean {
  const { x, w, y, groups } = convGeometryOf(node);
  const [, C, kh, kw] = w as [number, number, number, number];
  const areSmall = [x, y].every(([, , H, W]) => H! * W! <= MAX_POSITIONS);
  return areSmall && kh * kw > 1 && canBlock(w, groups, block) && C % block === 0;
}

/** True where each position of the result of a convolution reads the whole image. */
export function hasFullReceptiveField(node: Node): boolean {
  return kernelPositionsOf(convGeometryOf(node)).every(
    (kernelPositions) => !kernelPositions.includes(NO_POSITION),
  );
}

/** Position-major filters as one matrix [C, O] per kernel position. */
function filtersByPosition(
  emit: CpuEmitter,
  filters: string,
  [O, C, kh, kw]: readonly number[],
): string[] {
  const kernelPositions = kh! * kw!;
  return cut(emit, lowerReshape(emit, filters, [kernelPositions * C!, O!]), kernelPositions);
}

/** NCHWc maps [N, C, H, W] as those of each position, [N, C]. */
function mapsByPosition(emit: CpuEmitter, maps: string, [N, C, H, W]: readonly number[]): string[] {
  const { block } = emit.device;
  const positions = H! * W!;
  const blocks = lowerReshape(emit, maps, [(N! * C!) / block, positions, block]);
  const outward = lowerReshape(emit, lowerTranspose(emit, blocks, [1, 0, 2]), [positions * N!, C!]);
  return cut(emit, outward, positions);
}

/** The reverse of `mapsByPosition`. */
function mapsOfPositions(
  emit: CpuEmitter,
  positions: readonly string[],
  shape: readonly number[],
): string {
  const { block } = emit.device;
  const [N, C] = shape as [number, number];
  const blocks = positions.map((rows) => lowerReshape(emit, rows, [(N * C) / block, 1, block]));
  return lowerReshape(
    emit,
    blocks.length === 1 ? blocks[0]! : emit.add('Concat', blocks, { axis: 1 }),
    shape,
  );
}

/** Cuts rows into equal parts. */
function cut(emit: CpuEmitter, rows: string, parts: number): string[] {
  if (parts === 1) return [rows];
  return emit.addMany('Split', [rows], { axis: 0, num_outputs: parts }, { outputs: parts });
}

interface SumOptions {
  /** Of the sum, for where there is nothing to add up. */
  shape: readonly number[];
  transposed?: { transA?: 1; transB?: 1 };
}

/** Sum of products of pairs of matrices, each added to those before. */
function sumOfProducts(
  emit: CpuEmitter,
  pairs: readonly (readonly [string, string])[],
  { shape, transposed = {} }: SumOptions,
): string {
  const sum = pairs.reduce<string | undefined>(
    (before, pair) => emit.add('Gemm', before === undefined ? pair : [...pair, before], transposed),
    undefined,
  );
  return sum ?? emit.add('Expand', [emit.number(0), emit.integers(shape)]);
}

/** NCHWc y from NCHWc x and position-major filters w. */
export function wholeMapsConv(emit: CpuEmitter, node: Node, x: string, w: string): string {
  const geometry = convGeometryOf(node);
  const [N, O] = geometry.y as [number, number];
  const filters = filtersByPosition(emit, w, geometry.w);
  const from = mapsByPosition(emit, x, geometry.x);
  const y = kernelPositionsOf(geometry).map((kernelPositions) => {
    const pairs = from.flatMap((rows, q) =>
      kernelPositions[q] === NO_POSITION ? [] : [[rows, filters[kernelPositions[q]!]!] as const],
    );
    return sumOfProducts(emit, pairs, { shape: [N, O] });
  });
  return mapsOfPositions(emit, y, geometry.y);
}

/** NCHWc dx from NCHWc dy and position-major filters w. */
export function wholeMapsInputGradient(
  emit: CpuEmitter,
  node: Node,
  dy: string,
  w: string,
): string {
  const geometry = convGeometryOf(node);
  const [N, C] = geometry.x as [number, number];
  const filters = filtersByPosition(emit, w, geometry.w);
  const to = mapsByPosition(emit, dy, geometry.y);
  const kernelPositions = kernelPositionsOf(geometry);
  const dx = kernelPositions[0]!.map((_, q) => {
    const pairs = to.flatMap((rows, p) =>
      kernelPositions[p]![q] === NO_POSITION
        ? []
        : [[rows, filters[kernelPositions[p]![q]!]!] as const],
    );
    return sumOfProducts(emit, pairs, { shape: [N, C], transposed: { transB: 1 } });
  });
  return mapsOfPositions(emit, dx, geometry.x);
}

/** Position-major filter gradient from NCHWc x and dy. */
export function wholeMapsFilterGradient(
  emit: CpuEmitter,
  node: Node,
  x: string,
  dy: string,
): string {
  const geometry = convGeometryOf(node);
  const [O, C, kh, kw] = geometry.w as [number, number, number, number];
  const from = mapsByPosition(emit, x, geometry.x);
  const to = mapsByPosition(emit, dy, geometry.y);
  const kernelPositions = kernelPositionsOf(geometry);
  const dw = Array.from({ length: kh * kw }, (_, kernelPosition) => {
    const pairs = to.flatMap((columns, p) =>
      from.flatMap((rows, q) =>
        kernelPositions[p]![q] === kernelPosition ? [[rows, columns] as const] : [],
      ),
    );
    return sumOfProducts(emit, pairs, { shape: [C, O], transposed: { transA: 1 } });
  });
  return lowerReshape(
    emit,
    dw.length === 1 ? dw[0]! : emit.add('Concat', dw, { axis: 0 }),
    geometry.w,
  );
}
