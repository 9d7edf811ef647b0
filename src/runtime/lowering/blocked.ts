/**
 * Convolutions in ONNX Runtime's channel-blocked layout: [N, C / b, H, W, b], with b channels side by side.
 *
 * The CPU build has direct convolutions for this layout (domain `com.microsoft.nchwc`) that are up to several times as
 * fast as its plain ones. They are not a public contract: `probe.ts` lets an engine compare them with the plain operator when an
 * engine opens, and where they are absent or differ, no formulation uses them. b is 16 with AVX-512, 8 with AVX2.
 */
import { lowerReshape } from './common.ts';
import type { Emitter, NodeOptions } from './emitter.ts';

const DOMAIN = 'com.microsoft.nchwc';

/** Block sizes that exist, the faster first. */
export const blockSizes = [16, 8] as const;

/**
 * Whether a convolution with filters [O, C, kh, kw] can run blocked: from blocked maps, or from plain images of fewer channels
 * than a block has.
 */
export function canBlock([O, C]: readonly number[], groups: number, block: number): boolean {
  return block > 0 && groups === 1 && O! % block === 0 && (C! % block === 0 || C! < block);
}

/** Images [N, C, H, W] in blocked layout; the runtime goes on calling their shape that. C is a multiple of the block. */
export function reorderInput(emit: Emitter, x: string): string {
  return inDomain(emit, 'ReorderInput', [x], { channels_last: 0 });
}

/** Images [N, H, W, C] in blocked layout, of shape [N, C, H, W] to the runtime. C is a multiple of the block. */
export function reorderChannelsLast(emit: Emitter, x: string): string {
  return inDomain(emit, 'ReorderInput', [x], { channels_last: 1 });
}

/** Images of so many channels back in plain layout. */
export function reorderOutput(emit: Emitter, x: string, channels: number): string {
  return inDomain(emit, 'ReorderOutput', [x], { channels });
}

/** Images of so many channels with the channels last, [N, H, W, C]. */
export function reorderToChannelsLast(emit: Emitter, x: string, channels: number): string {
  return inDomain(emit, 'ReorderOutput', [x], { channels, channels_last: 1 });
}

/** A convolution of images in blocked layout, and what it does to its result. */
export interface BlockedConvolution {
  images: string;
  filters: string;
  /** Per channel, [O]. */
  bias?: string;
  /** Maps that are added to the result, in blocked layout. */
  sum?: string;
  /** What is applied at last. */
  activation?: 'Relu';
  attributes: NodeOptions;
}

/** Writes a blocked convolution. */
export function blockedConv(emit: Emitter, convolution: BlockedConvolution): string {
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

/** Multiplies each channel of blocked maps by a factor [C] and adds a bias [C]: a convolution of one value per channel. */
export function perChannelAffine(
  emit: Emitter,
  { images, factor, bias, channels }: { images: string; factor: string; bias?: string; channels: number },
): BlockedConvolution {
  return {
    ...{ images, bias, filters: lowerReshape(emit, factor, [channels, 1, 1, 1]) },
    attributes: { ...POINTWISE, group: channels },
  };
}

/** The largest value of each window of blocked maps. */
export function blockedMaxPool(emit: Emitter, images: string, attributes: NodeOptions): string {
  return inDomain(emit, 'MaxPool', [images], { dilations: { ints: [1, 1] }, ...attributes });
}

/** The largest value of each `rows` rows of blocked maps, [N, C, H / rows, W]. */
export function maxOver(emit: Emitter, images: string, rows: number): string {
  const window = { kernel_shape: { ints: [rows, 1] }, strides: { ints: [rows, 1] } };
  return blockedMaxPool(emit, images, { ...window, pads: { ints: [0, 0, 0, 0] } });
}

/** Mean of each channel of blocked maps over positions and images, [C]. */
export function blockedMeans(emit: Emitter, images: string, shape: readonly number[]): string {
  const [N, C] = shape as [number, number];
  const perImage = lowerReshape(emit, blockedGlobalMeans(emit, images), [N, C]);
  return emit.add('ReduceMean', [perImage, emit.integers([0])], { keepdims: 0 });
}

/**
 * `m[c] = 1 / (N H W) sum over n, i, j of a[n, c, i, j] b[n, c, i, j]` of blocked maps: a convolution of one channel each, whose windows are as large
 * as the maps and whose filters are the other maps, so that the product is never written.
 */
export function blockedMeansOfProduct(
  emit: Emitter,
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

/** Mean of each channel of blocked maps over positions, [N, C, 1, 1]. */
export function blockedGlobalMeans(emit: Emitter, images: string): string {
  return inDomain(emit, 'GlobalAveragePool', [images], {});
}

function inDomain(emit: Emitter, type: string, inputs: string[], attributes: NodeOptions): string {
  return emit.addMany(type, inputs, attributes, { outputs: 1, domain: DOMAIN })[0]!;
}
