/** Probing the NCHWc operators when the backend opens: they are internal to ONNX Runtime. */
import {
  createEmitter,
  encodeOnnx,
  type NodeOptions,
  type OnnxValue,
  type Values,
} from '../../compile/index.ts';
import { lowerReshape, lowerTranspose } from '../../compile/standard/index.ts';
import { sizeOf } from '../../tensor/index.ts';
import { blockedFilters } from './filterLayouts.ts';
import {
  blockedConv,
  blockedGlobalMeans,
  blockedMeansOfProduct,
  blockSizes,
  maxOver,
  POINTWISE,
  perChannelAffine,
  reorderChannelsLast,
  reorderInput,
  reorderOutput,
} from './nchwc.ts';

/** Runs a probe's model once; throws where the runtime does not have its operators. */
export type RunProbe = (probe: Probe, inputs: Values) => Promise<Values>;

/** Results of blocked and standard operators that are further apart do not agree. */
const TOLERANCE = 1e-3;

/**
 * Largest block of the blocked operators that work here and agree with the standard ones; 0: none.
 */
export async function probeBlocks(run: RunProbe): Promise<number> {
  for (const block of blockSizes) {
    const probe = probeOf(block);
    const waves = probe.inputs.map(({ name, shape }) => [
      name,
      Float32Array.from({ length: sizeOf(shape as number[]) }, (_, i) => Math.sin(i * 0.7)),
    ]);
    try {
      const results = await run(probe, Object.fromEntries(waves));
      const agree = probe.outputs.every(([plain, blocked]) =>
        results[plain.name]!.every(
          (found, i) => Math.abs(found - results[blocked.name]![i]!) < TOLERANCE,
        ),
      );
      if (agree) return block;
    } catch {
      // Not in this build or not on this processor.
    }
  }
  return 0;
}

/** A model and what goes in and out of it. */
export interface Probe {
  model: Uint8Array;
  inputs: OnnxValue[];
  /** In pairs that must agree: the first by standard operators, the second by blocked ones. */
  outputs: [OnnxValue, OnnxValue][];
}

/**
 * A convolution, then per channel `s y + s`, that added to y, and a ReLU; means of channels, and of
 * their squares; and the largest of rows, from images whose channels come last.
 */
export function probeOf(block: number): Probe {
  const emit = createEmitter({ device: { block } });
  const shape = [2 * block, block, 3, 3] as const;
  const attributes: NodeOptions = {
    ...POINTWISE,
    ...{ kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } },
  };
  const y = emit.add('Conv', ['x', 'w'], attributes);
  const column = lowerReshape(emit, 's', [2 * block, 1, 1]);
  const scaled = emit.add('Add', [emit.add('Mul', [y, column]), column]);
  const images = blockedConv(emit, {
    ...{ images: reorderInput(emit, 'x'), filters: blockedFilters(emit, 'w', shape), attributes },
  });
  const affine = perChannelAffine(emit, { images, factor: 's', bias: 's', channels: 2 * block });
  const blocked = blockedConv(emit, { ...affine, sum: images, activation: 'Relu' });
  const channelsLast = reorderChannelsLast(emit, lowerTranspose(emit, 'x', [0, 2, 3, 1]));
  const rowsOf5 = { kernel_shape: { ints: [5, 1] }, strides: { ints: [5, 1] } };
  const maps = [2, 2 * block, 5, 5];
  const pairs: [string, string, readonly number[]][] = [
    [
      emit.add('Relu', [emit.add('Add', [scaled, y])]),
      reorderOutput(emit, blocked, 2 * block),
      maps,
    ],
    [emit.add('GlobalAveragePool', [y]), blockedGlobalMeans(emit, images), [2, 2 * block, 1, 1]],
    [
      emit.add('ReduceMean', [emit.add('Mul', [y, y]), emit.integers([0, 2, 3])], { keepdims: 0 }),
      blockedMeansOfProduct(emit, [images, images], maps),
      [2 * block],
    ],
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
