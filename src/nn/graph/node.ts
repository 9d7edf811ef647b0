/** A node of an imported graph as its rule sees it: attributes, constants, tensors and weights. */
import { LikenessError } from '../../core/errors.ts';
import type { OnnxModelNode, OnnxTensor } from '../../formats/index.ts';
import { constant, type Shape, sizeOf, type Tensor } from '../../tensor/index.ts';
import type { Variables } from '../variables.ts';
import type { Constant } from './constants.ts';

/** Floats of the file that are trained, or running statistics. */
export interface Weight {
  readonly is: 'weight';
  readonly name: string;
  readonly shape: Shape;
  readonly stored: OnnxTensor;
}

/** A value of the graph that its inputs decide. */
export interface Computed {
  readonly is: 'computed';
  readonly shape: Shape;
  readonly tensor: Tensor;
  /** True for pixels that no layer has read yet, which are scaled by constants. */
  readonly arePixels?: boolean;
  /** True where it depends on a weight that is trained. */
  readonly isTrained?: boolean;
}

export type Value = Constant | Weight | Computed;

/** Turns weights into variables. */
export interface Scope {
  readonly variables: Variables;
  /** Batch norms use the statistics of the batch in training, or always the stored ones. */
  readonly batchNorm: 'batch' | 'stored';
  isFrozen(weight: string): boolean;
  /** Name of the variable of a weight. */
  nameOf(weight: string): string;
}

export interface GraphNode {
  readonly type: string;
  /** Version of the standard operators. */
  readonly version: number;
  readonly outputs: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly scope: Scope;
  integer(name: string, otherwise: number): number;
  float(name: string, otherwise: number): number;
  text(name: string, otherwise: string): string;
  /** Whole numbers of an attribute; absent where the node has none. */
  integers(name: string): readonly number[] | undefined;
  attribute: OnnxModelNode['attributes'];
  /** Numbers of an input that must be known, else of an attribute; absent without either. */
  numbers(input: number, attribute?: string): readonly number[] | undefined;
  has(input: number): boolean;
  shape(input: number): Shape;
  /** Any input as a tensor. A weight becomes a variable. */
  tensor(input: number): Tensor;
  /** An input that is a weight by its place, also where it has one number. */
  weight(input: number): Tensor;
  /** Throws the error of a form of the operator that cannot be built. */
  refuse(reason: string): never;
}

/** Builds one tensor, or several where the node has several outputs. */
export type NodeRule = (node: GraphNode) => Tensor | readonly Tensor[];

/** A tensor of a constant: float32, int32 or bool. */
export function tensorOfConstant({ kind, shape, data }: Constant): Tensor {
  if (kind === 'float') return constant(Float32Array.from(data), shape);
  if (kind === 'boolean') return constant(Uint8Array.from(data), shape, 'bool');
  const most = 2 ** 31;
  return constant(
    Int32Array.from(data, (value) => Math.max(-most, Math.min(value, most - 1))),
    shape,
  );
}

/** The variable of a weight: a parameter, or a buffer where it is frozen. */
export function variableOf(
  { variables, isFrozen, nameOf }: Scope,
  { name, shape, values }: { name: string; shape: Shape; values(): ArrayLike<number> },
): Tensor {
  const ask = isFrozen(name) ? variables.buffer : variables.parameter;
  return ask(nameOf(name), shape, () => Float32Array.from(values()));
}

/** The node of the file with its inputs. */
export function graphNode(
  node: OnnxModelNode,
  {
    inputs,
    version,
    scope,
  }: { inputs: readonly (Value | undefined)[]; version: number; scope: Scope },
): GraphNode {
  const { attributes, type } = node;
  const refuse = (reason: string): never => {
    throw new LikenessError('graph.operator', `${showNode(node)}: ${reason}`);
  };
  const asTensor = (input: number, isWeight: boolean): Tensor => {
    const value = inputs[input];
    if (!value) return refuse(`input ${input} is missing`);
    if (value.is === 'computed') return value.tensor;
    const { shape } = value;
    if (value.is === 'weight') {
      return variableOf(scope, { name: value.name, shape, values: () => value.stored.values() });
    }
    return isWeight && value.name !== undefined && value.kind === 'float'
      ? variableOf(scope, { name: value.name, shape, values: () => value.data })
      : tensorOfConstant(value);
  };
  return {
    ...{ type, version, inputs, scope, refuse, attribute: attributes },
    outputs: node.outputs.length,
    integer: (name, otherwise) => attributes.get(name)?.integer ?? otherwise,
    float: (name, otherwise) => attributes.get(name)?.float ?? otherwise,
    text: (name, otherwise) => attributes.get(name)?.text ?? otherwise,
    integers: (name) => attributes.get(name)?.integers,
    numbers(input, name) {
      const value = inputs[input];
      if (!value) {
        const attribute = name === undefined ? undefined : attributes.get(name);
        return attribute && (attribute.floats.length > 0 ? attribute.floats : attribute.integers);
      }
      if (value.is === 'computed') {
        return refuse(
          `input ${input} depends on the images; expected numbers that are known before`,
        );
      }
      return Array.from(value.is === 'weight' ? value.stored.values() : value.data);
    },
    has: (input) => inputs[input] !== undefined,
    shape: (input) => inputs[input]?.shape ?? refuse(`input ${input} is missing`),
    tensor: (input) => asTensor(input, false),
    weight: (input) => asTensor(input, true),
  };
}

/** A node in words: its name where it has one, its operator and its first output. */
export function showNode({ name, type, domain, outputs }: OnnxModelNode): string {
  const operator = domain === '' ? type : `${domain}.${type}`;
  return `node "${name === '' ? (outputs[0] ?? '') : name}" (${operator})`;
}

/** Elements of a value. */
export function elementsOf({ shape }: Value): number {
  return sizeOf(shape);
}
