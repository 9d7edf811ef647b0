/**
 * Convolutions in ONNX Runtime's channel-blocked layout: [N, C / b, H, W, b], with b channels side by side.
 *
 * The CPU build has direct convolutions for this layout (domain `com.microsoft.nchwc`) that are up to several times as
 * fast as its plain ones. They are not a public contract: `probeOf` lets an engine compare them with the plain operator when an
 * engine opens, and where they are absent or differ, no formulation uses them. b is 16 with AVX-512, 8 with AVX2.
 */
import { encodeOnnx, type OnnxValue } from '../onnx.ts';
import { lowerReshape, lowerTranspose } from './common.ts';
import { createEmitter, type Emitter, type NodeOptions } from './emitter.ts';

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

/**
 * Filters [O, C, kh, kw] of a blocked convolution, [O/b, C/b, kh, kw, b of C, b of O], or [O/b, C, kh, kw, b of O] where C is smaller
 * than a block. Reordering moves the channels of O inwards in blocks at once; what is left moves whole blocks.
 */
export function blockedFilters(emit: Emitter, w: string, shape: readonly number[], block: number): string {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inward = reorderInput(emit, lowerReshape(emit, w, [1, O, C * kh, kw])); // [O/b, C, kh kw, b of O]
  if (C < block || kh * kw === 1) return lowerReshape(emit, inward, shape);
  const split = lowerReshape(emit, inward, [(O / block) * (C / block), block, kh * kw, block]);
  return lowerReshape(emit, lowerTranspose(emit, split, [0, 2, 1, 3]), shape);
}

/** The taps of filters [O, C, kh, kw] with channels exchanged, [C/b O/b, taps, b of O b of C]. */
export function adjointTaps(emit: Emitter, w: string, shape: readonly number[], block: number): string {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  const inward = lowerReshape(emit, reorderInput(emit, w), [O / block, block, C / block, taps, block]);
  const ordered = lowerTranspose(emit, inward, [2, 0, 3, 1, 4]); // [C/b, O/b, taps, b of O, b of C]
  return lowerReshape(emit, ordered, [(C * O) / block ** 2, taps, block ** 2]);
}

/** Filters [O, C, kh, kw] as those of the adjoint of stride 1, [C, O, kh, kw]: channels exchanged, and flipped in space. */
export function adjointFilters(emit: Emitter, w: string, shape: readonly number[], block: number): string {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const found = adjointTaps(emit, w, shape, block);
  const taps = kh * kw;
  const reversed = emit.integers(Array.from({ length: taps }, (_, i) => taps - 1 - i));
  const flipped = taps === 1 ? found : emit.add('Gather', [found, reversed], { axis: 1 });
  return lowerReshape(emit, flipped, [C, O, kh, kw]);
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

/** The largest value of each `rows` rows of blocked maps, [N, C, H / rows, W]. */
export function maxOver(emit: Emitter, images: string, rows: number): string {
  return inDomain(emit, 'MaxPool', [images], {
    kernel_shape: { ints: [rows, 1] },
    strides: { ints: [rows, 1] },
    pads: { ints: [0, 0, 0, 0] },
    dilations: { ints: [1, 1] },
  });
}

/** Mean of each channel of blocked maps over positions and images, [C]. */
export function blockedMeans(emit: Emitter, images: string, shape: readonly number[]): string {
  const [N, C] = shape as [number, number];
  const perImage = lowerReshape(emit, blockedGlobalMeans(emit, images), [N, C]);
  return emit.add('ReduceMean', [perImage, emit.integers([0])], { keepdims: 0 });
}

/** Mean of each channel of blocked maps over positions, [N, C, 1, 1]. */
export function blockedGlobalMeans(emit: Emitter, images: string): string {
  return inDomain(emit, 'GlobalAveragePool', [images], {});
}

function inDomain(emit: Emitter, type: string, inputs: string[], attributes: NodeOptions): string {
  return emit.addMany(type, inputs, attributes, { outputs: 1, domain: DOMAIN })[0]!;
}

/** A model and what goes in and out of it. */
export interface Probe {
  model: Uint8Array;
  inputs: OnnxValue[];
  /** In pairs that must agree: the first by standard operators, the second by blocked ones. */
  outputs: [OnnxValue, OnnxValue][];
}

/**
 * A convolution, then per channel `s y + s`, that added to y, and a ReLU; means of channels; and the largest of rows, from images whose
 * channels come last.
 */
export function probeOf(block: number): Probe {
  const emit = createEmitter({ choose: (_node, names) => names[0]! });
  const shape = [2 * block, block, 3, 3] as const;
  const attributes: NodeOptions = {
    ...POINTWISE,
    ...{ kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } },
  };
  const y = emit.add('Conv', ['x', 'w'], attributes);
  const column = lowerReshape(emit, 's', [2 * block, 1, 1]);
  const scaled = emit.add('Add', [emit.add('Mul', [y, column]), column]);
  const images = blockedConv(emit, {
    ...{ images: reorderInput(emit, 'x'), filters: blockedFilters(emit, 'w', shape, block), attributes },
  });
  const affine = perChannelAffine(emit, { images, factor: 's', bias: 's', channels: 2 * block });
  const blocked = blockedConv(emit, { ...affine, sum: images, activation: 'Relu' });
  const channelsLast = reorderChannelsLast(emit, lowerTranspose(emit, 'x', [0, 2, 3, 1]));
  const rowsOf5 = { kernel_shape: { ints: [5, 1] }, strides: { ints: [5, 1] } };
  const maps = [2, 2 * block, 5, 5];
  const pairs: [string, string, readonly number[]][] = [
    [emit.add('Relu', [emit.add('Add', [scaled, y])]), reorderOutput(emit, blocked, 2 * block), maps],
    [emit.add('GlobalAveragePool', [y]), blockedGlobalMeans(emit, images), [2, 2 * block, 1, 1]],
    [
      emit.add('MaxPool', ['x'], rowsOf5),
      reorderOutput(emit, maxOver(emit, channelsLast, 5), block),
      [2, block, 1, 5],
    ],
  ];
  const value = (name: string, extents: readonly number[]): OnnxValue => ({
    name,
    shape: extents,
    dtype: 'float32',
  });
  const output = (label: string, name: string, extents: readonly number[]) => {
    emit.output(label, name);
    return value(label, extents);
  };
  const outputs = pairs.map(([plain, own, extents], i): [OnnxValue, OnnxValue] => [
    output(`plain${i}`, plain, extents),
    output(`blocked${i}`, own, extents),
  ]);
  const inputs = [value('x', [2, block, 5, 5]), value('w', shape), value('s', [2 * block])];
  const { nodes, constants } = emit;
  return {
    model: encodeOnnx({ name: 'probe', nodes, constants, inputs, outputs: outputs.flat() }),
    inputs,
    outputs,
  };
}
