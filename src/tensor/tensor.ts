/**
 * Symbolic tensors: values that a compiled graph will compute, known here by shape and type alone.
 *
 * This folder holds and computes no numbers, except constants. Shapes are static, as in XLA: one
 * graph per set of shapes. A graph is a directed acyclic graph of nodes; a tensor is one output of
 * one node.
 */
import { LikenessError } from '../core/errors.ts';

/** `float64` is for sums that must lose nothing; few operators take it. */
export type DType = 'float64' | 'float32' | 'int32' | 'uint8' | 'bool';
export type Shape = readonly number[];
export type TensorData = Float64Array | Float32Array | Int32Array | Uint8Array;
export type Attribute = number | string | readonly number[] | TensorData;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  /** Order of creation; identity, not meaning. */
  readonly id: number;
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
}

export interface Tensor {
  readonly node: Node;
  /** Index among the outputs of the node. */
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * An operator and its shape rule. `gradientRules.ts` differentiates it and a backend computes it.
 */
export interface Operator {
  readonly name: string;
  /** Shapes and types of the outputs. Throws a LikenessError that shows the offending shapes. */
  infer(inputs: readonly Tensor[], attributes: Attributes): readonly TensorType[];
}

/** Arrays that store values of each type. */
export const arrayTypes = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** The type that values have if nothing else is said. */
export function naturalType(data: TensorData): DType {
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}

/** True for types with fractions, which have gradients. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}

const registry = new Map<string, Operator>();
let nextId = 0;

/** Registers an operator under its name. */
export function defineOperator(operator: Operator): Operator {
  registry.set(operator.name, operator);
  return operator;
}

/** The operator of that name. */
export function operatorNamed(name: string): Operator {
  const operator = registry.get(name);
  if (!operator) throw new LikenessError('operator.unknown', `operator "${name}" is not defined`);
  return operator;
}

/** Names of all operators. */
export function operatorNames(): string[] {
  return [...registry.keys()];
}

/** Applies an operator and returns all of its outputs. */
export function apply(
  name: string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
): readonly Tensor[] {
  const types = operatorNamed(name).infer(inputs, attributes);
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId++, operator: name, inputs, attributes, outputs };
  types.forEach((type, index) => {
    outputs.push({ node, index, ...type });
  });
  return outputs;
}

/** Applies an operator that has one output. */
export function applyOne(
  name: string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
): Tensor {
  return apply(name, inputs, attributes)[0]!;
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A shape as people read it: `[64, 3, 32, 32]`. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** Throws the error of a wrong shape: who refuses, what came, what was expected. */
export function refuseShape(operator: string, received: string, expected: string): never {
  throw new LikenessError(
    'shape.mismatch',
    `${operator}: received ${received}; expected ${expected}`,
  );
}

/** Index from the front of an axis that counts from either end. Refuses one that does not exist. */
export function resolveAxis(operator: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    refuseShape(
      operator,
      `axis ${axis} for a tensor of rank ${rank}`,
      `an axis from ${-rank} to ${rank - 1}`,
    );
  }
  return resolved;
}

/** Shape of the result of broadcasting two shapes, by NumPy's rule. */
export function broadcastShapes(operator: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      refuseShape(
        operator,
        `${showShape(a)} and ${showShape(b)}`,
        'shapes whose extents, aligned at the last axis, are equal or 1',
      );
    }
    shape.push(x === 1 ? y : x);
  }
  return shape;
}
