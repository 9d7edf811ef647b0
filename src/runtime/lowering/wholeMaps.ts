/**
 * Convolutions of maps so small that each position of the result meets every position of the image, as matrix products of whole maps.
 *
 * A convolution goes over all its taps at each position, and on a map of 2 x 2 most taps of a 3 x 3 window reach over the edge: 16 of 36
 * meet something. It also reads all filters once per image. Here position p of the result is one product over the batch,
 * `y_p [N, O] = x [N, C H W] W_pᵀ`, with the taps `W_p [O, C H W]` that p meets, and `dx [N, C H W] = sum over p of dy_p W_p`.
 */
import type { Node } from '../../tensor/index.ts';
import { canBlock, reorderInput } from './blocked.ts';
import { lowerReshape } from './common.ts';
import { type Geometry, geometryOf } from './convolution.ts';
import type { Capabilities, Emitter } from './emitter.ts';

/** A convolution from maps `input` to maps `output`, with filters [O, C, kh, kw]. */
interface Meeting extends Pick<Geometry, 'stride' | 'padding' | 'dilation'> {
  filters: readonly number[];
  input: readonly number[];
  output: readonly number[];
}

/** The convolution that a node is, or is the input gradient of. */
function meetingOf(node: Node): Meeting {
  const [first, w] = node.inputs.map(({ shape }) => shape);
  const isForward = node.operator === 'conv2d';
  const [x, y] = isForward
    ? [first!, node.outputs[0]!.shape]
    : [node.attributes.shape as readonly number[], first!];
  return { ...geometryOf(node), filters: w!, input: x.slice(2), output: y.slice(2) };
}

/** For each position of the result, the tap by which it meets each position of the image; undefined where one is not met. */
function tapsOf({ filters, input, output, stride, padding, dilation }: Meeting): number[][] | undefined {
  const [, , kh, kw] = filters as [number, number, number, number];
  /** Taps of one direction, [to, from]. */
  const [down, across] = [0, 1].map((axis) =>
    Array.from({ length: output[axis]! }, (_, to) =>
      Array.from({ length: input[axis]! }, (_, from) => {
        return (from + padding[axis]! - to * stride[axis]!) / dilation[axis]!;
      }),
    ),
  ) as [number[][], number[][]];
  const within = (taps: number[][], size: number) =>
    taps.flat().every((tap) => Number.isInteger(tap) && tap >= 0 && tap < size);
  // The map's positions grow with the square of its side: whether all are met is asked of each side alone.
  if (!within(down, kh) || !within(across, kw)) return undefined;
  return down.flatMap((rows) => across.map((columns) => rows.flatMap((u) => columns.map((v) => u * kw + v))));
}

/** Whether a convolution's maps are small enough, and the filters go by blocks; with a single tap there is nothing to leave out. */
export function areWholeMaps(node: Node, { block }: Capabilities): boolean {
  const meeting = meetingOf(node);
  const [, C, kh, kw] = meeting.filters as [number, number, number, number];
  if (kh * kw === 1 || C % block !== 0 || !canBlock(meeting.filters, geometryOf(node).groups, block))
    return false;
  return tapsOf(meeting) !== undefined;
}

/** `W_p` for each position p of the result, [O, C HW], its columns in the order of blocked maps. */
function filtersOf(emit: Emitter, w: string, meeting: Meeting): string[] {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = meeting.filters as [number, number, number, number];
  const inward = reorderInput(emit, lowerReshape(emit, w, [O, C, kh * kw, 1])); // [O, C/b, taps, b]
  const taps = lowerReshape(emit, inward, [(O * C) / block, kh * kw, block]);
  return tapsOf(meeting)!.map((met) => {
    const chosen = emit.add('Gather', [taps, emit.integers(met)], { axis: 1 }); // [O C/b, HW, b]
    return lowerReshape(emit, chosen, [O, C * met.length]);
  });
}

/** Blocked y [N, O, OH, OW] from blocked x and plain filters w. */
export function wholeMapsConv(emit: Emitter, node: Node, x: string, w: string): string {
  const { block } = emit.capabilities;
  const [N, O, OH, OW] = node.outputs[0]!.shape as [number, number, number, number];
  const [, C, H, W] = node.inputs[0]!.shape as [number, number, number, number];
  const rows = lowerReshape(emit, x, [N, C * H * W]);
  const positions = filtersOf(emit, w, meetingOf(node)).map((filters) => {
    const y = emit.add('Gemm', [rows, filters], { transB: 1 }); // [N, O]
    return lowerReshape(emit, y, [N, O / block, 1, block]);
  });
  const joined = positions.length === 1 ? positions[0]! : emit.add('Concat', positions, { axis: 2 });
  return lowerReshape(emit, joined, [N, O, OH, OW]);
}

/** Blocked dx [N, C, H, W] from blocked dy and plain filters w. */
export function wholeMapsInputGradient(emit: Emitter, node: Node, dy: string, w: string): string {
  const { block } = emit.capabilities;
  const [N, O, OH, OW] = node.inputs[0]!.shape as [number, number, number, number];
  const count = OH * OW;
  const byPosition = lowerReshape(emit, dy, [N, O / block, count, block]);
  const positions =
    count === 1
      ? [byPosition]
      : emit.addMany('Split', [byPosition], { axis: 2, num_outputs: count }, { outputs: count });
  const dx = filtersOf(emit, w, meetingOf(node)).reduce<string | undefined>((sum, filters, p) => {
    const rows = lowerReshape(emit, positions[p]!, [N, O]);
    return emit.add('Gemm', [rows, filters, ...(sum === undefined ? [] : [sum])]); // [N, C HW]
  }, undefined)!;
  return lowerReshape(emit, dx, node.attributes.shape as number[]);
}
