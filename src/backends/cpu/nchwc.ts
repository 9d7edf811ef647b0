/**
 * Operators of ONNX Runtime's CPU build in NCHWc layout: [N, C / b, H, W, b], with b channels side
 * by side.
 *
 * Its convolutions for this layout (domain `com.microsoft.nchwc`) are up to several times as fast
 * as the plain ones. They are internal to ONNX Runtime. The backend probes them when it opens, and
 * falls back to standard operators where they are absent or give other results. b is 16 with
 * AVX-512, 8 with AVX2.
 */
import type { Emitter, NodeOptions, Rule } from '../../compile/index.ts';
import { lowerReshape } from '../../compile/standard/index.ts';
import type { Tensor } from '../../tensor/index.ts';

/** Abilities of the CPU beyond standard operators, probed when the backend opens. */
export interface Capabilities {
  /** Channels per block of the NCHWc operators. 0: there are none. */
  block: number;
  /** True where operators run on one thread, so that none runs beside itself. */
  isSerial?: boolean;
}

export type CpuEmitter = Emitter<Capabilities>;
export type CpuRule = Rule<Capabilities>;

const DOMAIN = 'com.microsoft.nchwc';

/** Operators that convert layouts. */
export const REORDERINGS = ['ReorderInput', 'ReorderOutput'] as const;

/** Block sizes that exist, the faster first. */
export const blockSizes = [16, 8] as const;

/**
 * True for a convolution with filters [O, C, kh, kw] that can run in NCHWc: from NCHWc maps, or
 * from plain images with fewer channels than a block.
 */
export function canBlock([O, C]: readonly number[], groups: number, block: number): boolean {
  return block > 0 && groups === 1 && O! % block === 0 && (C! % block === 0 || C! < block);
}

/** Channels of maps [N, C, H, W] whose layouts differ; undefined for tensors of other shapes. */
export function channelsOf({ shape, dtype }: Tensor): number | undefined {
  return shape.length === 4 && dtype === 'float32' ? shape[1] : undefined;
}

/** True for a tensor that has an NCHWc layout: maps of whole blocks. */
export function fitsBlocks(tensor: Tensor, block: number): boolean {
  const channels = channelsOf(tensor);
  return block > 0 && channels !== undefined && channels % block === 0;
}

/**
 * Images [N, C, H, W] to NCHWc layout; ONNX Runtime calls their shape [N, C, H, W] throughout. C is
 * a multiple of the block.
 */
export function reorderInput(emit: CpuEmitter, x: string): string {
  return inDomain(emit, 'ReorderInput', [x], { channels_last: 0 });
}

/**
 * Images [N, H, W, C] to NCHWc layout, of shape [N, C, H, W] to ONNX Runtime. C is a multiple of
 * the block.
 */
export function reorderChannelsLast(emit: CpuEmitter, x: string): string {
  return inDomain(emit, 'ReorderInput', [x], { channels_last: 1 });
}

/** NCHWc images with this number of channels to plain layout. */
export function reorderOutput(emit: CpuEmitter, x: string, channels: number): string {
  return inDomain(emit, 'ReorderOutput', [x], { channels });
}

/** NCHWc images with this number of channels to channels-last order, [N, H, W, C]. */
export function reorderToChannelsLast(emit: CpuEmitter, x: string, channels: number): string {
  return inDomain(emit, 'ReorderOutput', [x], { channels, channels_last: 1 });
}

/** A convolution of images in NCHWc layout, and operations on its result. */
export interface BlockedConvolution {
  images: string;
  filters: string;
  /** Per channel, [O]. */
  bias?: string;
  /** Maps to add to the result, in NCHWc layout. */
  sum?: string;
  /** Activation of the sum. */
  activation?: 'Relu';
  attributes: NodeOptions;
}

/** Writes a blocked convolution. */
export function blockedConv(emit: CpuEmitter, convolution: BlockedConvolution): string {
  const { images, filters, bias, sum, activation, attributes } = convolution;
  const inputs = [images, filters, bias ?? '', sum ?? ''];
  while (inputs.at(-1) === '') inputs.pop();
  return inDomain(emit, 'Conv', inputs, activation ? { ...attributes, activation } : attributes);
}

/** A convolution of single positions, without groups. */
export const POINTWISE: NodeOptions = {
  kernel_shape: { ints: [1, 1] },
  strides: { ints: [1, 1] },
  pads: { ints: [0, 0, 0, 0] },
  dilations: { ints: [1, 1] },
  group: 1,
};

/**
 * Multiplies each channel of NCHWc maps by a factor [C] and adds a bias [C]: a convolution of one
 * value per channel.
 */
export function perChannelAffine(
  emit: CpuEmitter,
  {
    images,
    factor,
    bias,
    channels,
  }: { images: string; factor: string; bias?: string; channels: number },
): BlockedConvolution {
  return {
    ...{ images, bias, filters: lowerReshape(emit, factor, [channels, 1, 1, 1]) },
    attributes: { ...POINTWISE, group: channels },
  };
}

/** The largest value of each window of NCHWc maps. */
export function blockedMaxPool(emit: CpuEmitter, images: string, attributes: NodeOptions): string {
  return inDomain(emit, 'MaxPool', [images], { dilations: { ints: [1, 1] }, ...attributes });
}

/** The largest value of each `rows` rows of NCHWc maps, [N, C, H / rows, W]. */
export function maxOver(emit: CpuEmitter, images: string, rows: number): string {
  const window = { kernel_shape: { ints: [rows, 1] }, strides: { ints: [rows, 1] } };
  return blockedMaxPool(emit, images, { ...window, pads: { ints: [0, 0, 0, 0] } });
}

/** Mean of each channel of NCHWc maps over positions and images, [C]. */
export function blockedMeans(emit: CpuEmitter, images: string, shape: readonly number[]): string {
  const [N, C] = shape as [number, number];
  const perImage = lowerReshape(emit, blockedGlobalMeans(emit, images), [N, C]);
  return emit.add('ReduceMean', [perImage, emit.integers([0])], { keepdims: 0 });
}

/**
 * `m[c] = 1 / (N H W) sum over n, i, j of a[n, c, i, j] b[n, c, i, j]` of NCHWc maps: a
 * convolution of one channel each, whose windows are as large as the maps and whose filters are the
 * other maps, so that the product is never written.
 */
export function blockedMeansOfProduct(
  emit: CpuEmitter,
  [a, b]: readonly [string, string],
  shape: readonly number[],
): string {
  const [N, C, H, W] = shape as [number, number, number, number];
  const images = lowerReshape(emit, a, [1, N * C, H, W]);
  const filters = lowerReshape(emit, b, [N * C, 1, H, W]);
  const attributes = { ...POINTWISE, kernel_shape: { ints: [H, W] }, group: N * C };
  const perMap = blockedConv(emit, { images, filters, attributes }); // [1, N C, 1, 1]
  const sums = lowerReshape(emit, perMap, [N, C]);
  const total = emit.add('ReduceSum', [sums, emit.integers([0])], { keepdims: 0 }); // [C]
  return emit.add('Mul', [total, emit.number(1 / (N * H * W))]);
}

/** Mean of each channel of NCHWc maps over positions, [N, C, 1, 1]. */
export function blockedGlobalMeans(emit: CpuEmitter, images: string): string {
  return inDomain(emit, 'GlobalAveragePool', [images], {});
}

function inDomain(
  emit: CpuEmitter,
  type: string,
  inputs: string[],
  attributes: NodeOptions,
): string {
  return emit.addMany(type, inputs, attributes, { outputs: 1, domain: DOMAIN })[0]!;
}
