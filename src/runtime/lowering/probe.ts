/** A small graph by which an engine finds out whether the runtime has the blocked operators, and whether they give what the standard ones give. */
import { encodeOnnx, type OnnxValue } from '../onnx.ts';
import {
  blockedConv,
  blockedGlobalMeans,
  blockedMeansOfProduct,
  maxOver,
  POINTWISE,
  perChannelAffine,
  reorderChannelsLast,
  reorderInput,
  reorderOutput,
} from './blocked.ts';
import { lowerReshape, lowerTranspose } from './common.ts';
import { createEmitter, type NodeOptions } from './emitter.ts';
import { blockedFilters } from './filterOrders.ts';

/** A model and what goes in and out of it. */
export interface Probe {
  model: Uint8Array;
  inputs: OnnxValue[];
  /** In pairs that must agree: the first by standard operators, the second by blocked ones. */
  outputs: [OnnxValue, OnnxValue][];
}

/**
 * A convolution, then per channel `s y + s`, that added to y, and a ReLU; means of channels, and of their squares; and the largest of rows, from images whose
 * channels come last.
 */
export function probeOf(block: number): Probe {
  const emit = createEmitter({ choose: (_node, names) => names[0]!, capabilities: { block } });
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
    [emit.add('Relu', [emit.add('Add', [scaled, y])]), reorderOutput(emit, blocked, 2 * block), maps],
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
