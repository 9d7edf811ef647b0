/** Pooling in standard operators. */
import { type Node, sizeOf } from '../../tensor/index.ts';
import type { NodeOptions, Rule } from '../emitter.ts';
import { lowerReshape } from './moves.ts';

export function poolAttributes(node: Node): NodeOptions {
  const { kernel, stride, padding } = node.attributes as Record<string, number[]>;
  return {
    kernel_shape: { ints: kernel! },
    strides: { ints: stride! },
    pads: { ints: [...padding!, ...padding!] },
  };
}

export const maxPool2d: Rule = (emit, node, [x]) => [
  emit.add('MaxPool', [x!], poolAttributes(node)),
];

export const averagePool2d: Rule = (emit, node, [x]) => [
  emit.add('AveragePool', [x!], { ...poolAttributes(node), count_include_pad: 1 }),
];

/**
 * Adds the gradient of each output at the position of its maximum; the npm build has no
 * MaxPoolGrad.
 */
export const maxPool2dGradient: Rule = (emit, node, [x, dy]) => {
  const shape = node.inputs[0]!.shape;
  const [, positions] = emit.addMany('MaxPool', [x!], poolAttributes(node), { outputs: 2 });
  const count = sizeOf(node.inputs[1]!.shape);
  const zeros = emit.add('ConstantOfShape', [emit.integers([sizeOf(shape)])]);
  const total = emit.add(
    'ScatterElements',
    [zeros, lowerReshape(emit, positions!, [count]), lowerReshape(emit, dy!, [count])],
    { axis: 0, reduction: 'add' },
  );
  return [lowerReshape(emit, total, shape)];
};
