/** Batch norm and its gradient, and layer norm, in standard operators. */
import { sizeOf } from '../../tensor/index.ts';
import type { Emitter, Rule } from '../emitter.ts';
import { lowerReshape, perChannel } from './moves.ts';

/** Values from here on are no other constant of a graph. */
const UNIQUE_OFFSET = 1 << 20;

/**
 * Training mode with momentum 0 returns the batch's own mean and biased variance in place of
 * running averages.
 */
export const batchNorm: Rule = (emit, node, [x, gamma, beta]) => {
  const [C] = node.inputs[1]!.shape as [number];
  // ONNX Runtime writes both results over the memory of these inputs, so no two nodes may share
  // them. It merges equal constants, so each gets values of its own. With momentum 0 the values do
  // not count.
  const own = UNIQUE_OFFSET + emit.constants.length;
  const [before, spread] = [own, own + 0.5].map((v) =>
    emit.constant(new Float32Array(C).fill(v), [C]),
  );
  return emit.addMany(
    'BatchNormalization',
    [x!, gamma!, beta!, before!, spread!],
    {
      epsilon: { float: node.attributes.epsilon as number },
      momentum: { float: 0 },
      training_mode: 1,
    },
    { outputs: 3 },
  );
};

/** Sum over batch and positions of each channel, [C]. */
function channelSums(emit: Emitter, x: string, shape: readonly number[]): string {
  const [N, C, ...positions] = shape as [number, number, ...number[]];
  // Two steps, each over contiguous or leading axes, are much faster than one over both.
  const inner =
    positions.length === 0
      ? x
      : emit.add(
          'ReduceSum',
          [lowerReshape(emit, x, [N, C, sizeOf(positions)]), emit.integers([2])],
          {
            keepdims: 0,
          },
        );
  return emit.add('ReduceSum', [inner, emit.integers([0])], { keepdims: 0 }); // [C]
}

/**
 * With r = 1 / sqrt(variance + epsilon) and M values per channel: `dbeta = sum dy`, `dgamma = r
 * (sum dy x - mean dbeta)`, and `dx = a dy + b x + c` with per-channel `a = gamma r`, `b = -a r
 * dgamma / M`, `c = -a dbeta / M - b mean`: two multiply-adds over the maps.
 */
export const batchNormGradient: Rule = (emit, node, [x, dy, gamma, mean, variance]) => {
  const tensor = node.inputs[0]!;
  const [C] = node.inputs[2]!.shape as [number];
  const M = perChannel(tensor);
  const add = (type: string, a: string, b: string) => emit.add(type, [a, b]);
  const spread = add('Add', variance!, emit.number(node.attributes.epsilon as number));
  const r = emit.add('Reciprocal', [emit.add('Sqrt', [spread])]);
  const dbeta = channelSums(emit, dy!, tensor.shape);
  const products = channelSums(emit, add('Mul', dy!, x!), tensor.shape);
  const dgamma = add('Mul', r, add('Sub', products, add('Mul', mean!, dbeta)));
  const a = add('Mul', gamma!, r);
  const perValue = add('Mul', a, emit.number(-1 / M));
  const b = add('Mul', perValue, add('Mul', r, dgamma));
  const c = add('Sub', add('Mul', perValue, dbeta), add('Mul', b, mean!));
  const open = (v: string) => lowerReshape(emit, v, [C, ...tensor.shape.slice(2).map(() => 1)]);
  // b x + c in one pass: normalization with mean 0 and variance 1 is a multiply-add per channel.
  const [zero, one] = [0, 1].map((v) => emit.constant(new Float32Array(C).fill(v), [C]));
  const scaled = emit.add('BatchNormalization', [x!, b, c, zero!, one!], { epsilon: { float: 0 } });
  const dx = add('Add', add('Mul', dy!, open(a)), scaled);
  return [dx, dgamma, dbeta];
};

export const batchNormInference: Rule = (emit, node, inputs) => [
  emit.add('BatchNormalization', inputs, { epsilon: { float: node.attributes.epsilon as number } }),
];

/** The further outputs are the mean and `1 / sqrt(variance + epsilon)` of each row. */
export const layerNorm: Rule = (emit, node, inputs) =>
  emit.addMany(
    'LayerNormalization',
    inputs,
    { axis: -1, epsilon: { float: node.attributes.epsilon as number } },
    { outputs: 3 },
  );
