/**
 * Convolutions in ONNX Runtime's channel-blocked layout: [N, C / b, H, W, b], with b channels side by side.
 *
 * The CPU build has direct convolutions for this layout (domain `com.microsoft.nchwc`) that are up to several times as
 * fast as its plain ones. They are not a public contract: `probeGraph` compares them with the plain operator when an
 * engine opens, and where they are absent or differ, no formulation uses them. b is 16 with AVX-512, 8 with AVX2.
 */
import { encodeOnnx } from '../onnx.ts';
import { lowerReshape, lowerTranspose } from './common.ts';
import { createEmitter, type Emitter, type NodeOptions } from './emitter.ts';

const DOMAIN = 'com.microsoft.nchwc';

/** Block sizes that exist, the faster first. */
export const blockSizes = [16, 8] as const;

interface BlockedConvolution {
  /** Images and filters in plain layout. */
  x: string;
  w: string;
  /** Shape of the filters, [O, C, kh, kw]; O and C are multiples of the block. */
  shape: readonly [number, number, number, number];
  block: number;
  attributes: NodeOptions;
}

/** Whether a convolution with filters of that shape can run blocked. */
export function canBlock([O, C]: readonly number[], groups: number, block: number): boolean {
  return block > 0 && groups === 1 && O! % block === 0 && C! % block === 0;
}

/** Images [N, C, H, W] in blocked layout; the runtime goes on calling their shape that. C is a multiple of the block. */
export function reorderInput(emit: Emitter, x: string): string {
  return inDomain(emit, 'ReorderInput', [x], { channels_last: 0 });
}

/** Images of so many channels back in plain layout. */
export function reorderOutput(emit: Emitter, x: string, channels: number): string {
  return inDomain(emit, 'ReorderOutput', [x], { channels });
}

/** A convolution of images in blocked layout with filters [O/b, C/b, kh, kw, b of C, b of O], called [O, C, kh, kw]. */
export function blockedConv(
  emit: Emitter,
  { images, filters, attributes }: { images: string; filters: string; attributes: NodeOptions },
): string {
  return inDomain(emit, 'Conv', [images, filters], attributes);
}

function inDomain(emit: Emitter, type: string, inputs: string[], attributes: NodeOptions): string {
  return emit.addMany(type, inputs, attributes, { outputs: 1, domain: DOMAIN })[0]!;
}

/** A convolution from plain to plain layout that runs blocked in between. */
export function lowerBlockedConv(
  emit: Emitter,
  { x, w, shape, block, attributes }: BlockedConvolution,
): string {
  const [O, C, kh, kw] = shape;
  const split = lowerReshape(emit, w, [O / block, block, C / block, block, kh, kw]);
  const ordered = lowerTranspose(emit, split, [0, 2, 4, 5, 3, 1]); // [O/b, C/b, kh, kw, b of C, b of O]
  const filters = lowerReshape(emit, ordered, shape);
  return reorderOutput(emit, blockedConv(emit, { images: reorderInput(emit, x), filters, attributes }), O);
}

/** A model of inputs x [2, b, 5, 5] and w [2b, b, 3, 3] with outputs `plain` and `blocked`, which must agree. */
export function probeGraph(block: number): Uint8Array {
  const { emit } = createEmitter({ choose: (_node, names) => names[0]! });
  const shape = [2 * block, block, 3, 3] as const;
  const attributes: NodeOptions = {
    kernel_shape: { ints: [3, 3] },
    strides: { ints: [1, 1] },
    pads: { ints: [1, 1, 1, 1] },
    dilations: { ints: [1, 1] },
    group: 1,
  };
  const results = {
    plain: emit.add('Conv', ['x', 'w'], attributes),
    blocked: lowerBlockedConv(emit, { x: 'x', w: 'w', shape, block, attributes }),
  };
  for (const [label, name] of Object.entries(results)) {
    emit.nodes.push({ type: 'Identity', inputs: [name], outputs: [label], attributes: {}, domain: '' });
  }
  const value = (name: string, extents: readonly number[]) => ({
    name,
    shape: extents,
    dtype: 'float32' as const,
  });
  const result = [2, 2 * block, 5, 5];
  return encodeOnnx({
    name: 'probe',
    nodes: emit.nodes,
    constants: emit.constants,
    inputs: [value('x', [2, block, 5, 5]), value('w', shape)],
    outputs: [value('plain', result), value('blocked', result)],
  });
}
