/** Nodes without a gradient here, which ONNX Runtime computes as they are below what is trained. */
import type { OnnxModelNode } from '../../formats/index.ts';
import {
  type RuntimeAttribute,
  type RuntimeIntegers,
  runtimeNode,
  type Tensor,
  type TensorType,
} from '../../tensor/index.ts';
import type { GraphNode } from './node.ts';

/**
 * Types of the outputs of nodes by name, for the batch and the size of the images that are fed.
 * ONNX Runtime tells them, as nothing here knows these operators.
 */
export type RuntimeTypes = (output: string) => TensorType | undefined;

/**
 * The outputs of a node that the runtime computes; undefined where their types are not known.
 *
 * @throws LikenessError `graph.operator` for attributes that hold tensors or graphs
 */
export function runtimeOutputs(
  node: OnnxModelNode,
  { inputs, tensor, refuse }: GraphNode,
  types: RuntimeTypes = () => undefined,
): readonly Tensor[] | undefined {
  // Outputs behind an unused one have to stay in their places.
  const used = node.outputs.findLastIndex((name) => name !== '') + 1;
  const outputs = node.outputs.slice(0, used).map(types);
  if (!outputs.every((type) => type !== undefined)) return undefined;
  const tensors: Tensor[] = [];
  const operands = inputs.map((value, i): number | RuntimeIntegers | null => {
    if (!value) return null;
    if (value.is === 'constant' && value.kind === 'integer') {
      return { shape: value.shape, integers: Array.from(value.data) };
    }
    return tensors.push(tensor(i)) - 1;
  });
  const attributes = Object.fromEntries(
    [...node.attributes].map(([name, value]): [string, RuntimeAttribute] => {
      const { integer, float, text, integers, floats } = value;
      if (value.tensor)
        return refuse(`its attribute "${name}" is a tensor; expected numbers or text`);
      if (float !== undefined) return [name, { float }];
      if (integer !== undefined) return [name, integer];
      if (text !== undefined) return [name, text];
      if (floats.length > 0) return [name, { floats }];
      if (integers.length > 0) return [name, { ints: integers }];
      return refuse(`its attribute "${name}" has no numbers; expected no graph within the node`);
    }),
  );
  const { type, domain } = node;
  return runtimeNode(tensors, { type, domain, attributes, operands, outputs });
}
