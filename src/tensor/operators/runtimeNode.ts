/** A node of a foreign graph, which the runtime computes as it is and nothing here knows. */
import { LikenessError } from '../../core/errors.ts';
import { apply, defineOperator, type Tensor, type TensorType } from '../tensor.ts';

/** Whole numbers that a node reads beside tensors, in int64: axes, sizes, indices. */
export interface RuntimeIntegers {
  readonly shape: readonly number[];
  readonly integers: readonly number[];
}

/** A value of an attribute, as ONNX has them. */
export type RuntimeAttribute =
  | number
  | string
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

/** An ONNX node and the types that its outputs have. */
export interface RuntimeNode {
  /** Operator, such as `CumSum`. */
  readonly type: string;
  /** Set of operators; empty for the standard. */
  readonly domain: string;
  readonly attributes: Readonly<Record<string, RuntimeAttribute>>;
  /** Operands in order: an index among the tensors, numbers, or null where one is left out. */
  readonly operands: readonly (number | RuntimeIntegers | null)[];
  readonly outputs: readonly TensorType[];
}

/**
 * Outputs of a node that only the runtime knows. It has no gradient: nothing below it is trained.
 * Tensors of int32 reach the node as int64, the type of ONNX for indices, and come back as int32.
 *
 * @throws LikenessError `operator.unknown` for types that tensors do not have
 */
export function runtimeNode(tensors: readonly Tensor[], node: RuntimeNode): readonly Tensor[] {
  return apply('runtimeNode', tensors, { node: JSON.stringify(node) });
}

/** The node of a tensor that `runtimeNode` has made. */
export function runtimeNodeOf(attributes: Tensor['node']['attributes']): RuntimeNode {
  return JSON.parse(attributes.node as string) as RuntimeNode;
}

defineOperator({
  name: 'runtimeNode',
  infer(_, attributes) {
    const { outputs, type } = runtimeNodeOf(attributes);
    if (outputs.length > 0) return outputs;
    throw new LikenessError(
      'operator.unknown',
      `${type}: received no outputs; expected at least 1`,
    );
  },
});
