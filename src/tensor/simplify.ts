/**
 * Graph simplification: dead nodes, common sub-expressions, constants, and identities.
 *
 * The graph is rebuilt from its outputs, which leaves dead nodes behind. Each node is replaced by
 * an equal earlier one where there is one, by a constant where its inputs are constants, or by one
 * of its inputs where it does nothing, such as joining replicas where there is one. Two operators that read a large tensor one after the other
 * become one.
 */
import { axpy, sumOfSquares } from './operators/fused.ts';
import { crossReplicaOperators } from './operators/replicas.ts';
import { constant, constantValue } from './operators/source.ts';
import {
  type Attributes,
  apply,
  isFloat,
  type Node,
  sameShape,
  sizeOf,
  type Tensor,
} from './tensor.ts';
import { nodesOf } from './traverse.ts';

/** Constants beyond this size are not compared or folded by value. */
const SMALL = 4096;

/**
 * The same outputs, computed by a smaller graph.
 *
 * @param options `replicas`: number of replicas that run the graph together; default 1
 */
export function simplify<T extends Record<string, Tensor>>(outputs: T, { replicas = 1 } = {}): T {
  const replaced = new Map<Node, readonly Tensor[]>();
  const known = new Map<string, readonly Tensor[]>();
  const current = (tensor: Tensor) => replaced.get(tensor.node)![tensor.index]!;

  for (const node of nodesOf(Object.values(outputs))) {
    const inputs = node.inputs.map(current);
    const shortcut =
      (replicas === 1 ? joined(node, inputs) : undefined) ??
      identity(node, inputs) ??
      fold(node, inputs);
    if (shortcut) {
      replaced.set(node, [shortcut]);
      if (shortcut.node.operator === 'constant') remember(known, shortcut);
      continue;
    }
    const fused = fusion(node, inputs);
    const key = fused
      ? keyOf(fused.node.operator, fused.node.inputs, fused.node.attributes)
      : keyOf(node.operator, inputs, node.attributes);
    const equal = key === undefined ? undefined : known.get(key);
    const result =
      equal ??
      fused?.node.outputs ??
      (node.operator === 'input' ? node.outputs : apply(node.operator, inputs, node.attributes));
    if (key !== undefined && !equal) known.set(key, result);
    replaced.set(node, result);
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, current(tensor)]),
  ) as T;
}

function remember(known: Map<string, readonly Tensor[]>, tensor: Tensor): void {
  const key = keyOf('constant', [], tensor.node.attributes);
  if (key !== undefined && !known.has(key)) known.set(key, tensor.node.outputs);
}

/**
 * Text that is equal for nodes that compute the same; undefined where comparing is not worth it.
 */
function keyOf(
  operator: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
): string | undefined {
  const { data, ...rest } = attributes;
  if (ArrayBuffer.isView(data) && (data as Float32Array).length > SMALL) return undefined;
  const values = ArrayBuffer.isView(data)
    ? [...(data as Float32Array)].map((v) => (Object.is(v, -0) ? '-0' : v))
    : [];
  return `${operator}(${inputs.map(({ node, index }) => `${node.id}:${index}`)})${JSON.stringify(rest, exactNumber)}${values}`;
}

/** JSON has no infinities: unlike values must not look alike. */
function exactNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** The input of an operator that joins replicas, which is all of it where there is one replica. */
function joined({ operator, outputs }: Node, [x]: readonly Tensor[]): Tensor | undefined {
  const isOfOne =
    crossReplicaOperators.includes(operator) && sameShape(x!.shape, outputs[0]!.shape);
  return isOfOne ? x : undefined;
}

/** The input that a node merely passes on, if it does. */
function identity(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [x, other] = inputs;
  const shape = node.outputs[0]?.shape ?? [];
  const passes = (tensor: Tensor | undefined) =>
    tensor && sameShape(tensor.shape, shape) ? tensor : undefined;
  switch (node.operator) {
    case 'stopGradient':
      return x;
    case 'broadcastTo':
      return passes(x);
    case 'cast':
      return x!.dtype === node.attributes.dtype ? x : undefined;
    case 'reshape': {
      if (passes(x)) return x;
      const inner = x!.node;
      if (inner.operator !== 'reshape') return undefined;
      // A second reshape back to the first shape cancels both.
      return passes(inner.inputs[0]) ?? apply('reshape', inner.inputs, node.attributes)[0];
    }
    case 'transpose': {
      const order = node.attributes.permutation as number[];
      if (x!.node.operator === 'transpose') {
        const first = x!.node.attributes.permutation as number[];
        const both = order.map((axis) => first[axis]!);
        return both.every((axis, i) => axis === i)
          ? x!.node.inputs[0]
          : apply('transpose', x!.node.inputs, { permutation: both })[0];
      }
      // Moving only axes of extent 1 moves no element.
      const real = order.filter((axis) => x!.shape[axis] !== 1);
      return real.every((axis, i) => i === 0 || axis > real[i - 1]!)
        ? apply('reshape', [x!], { shape })[0]
        : undefined;
    }
    case 'neg':
      return x!.node.operator === 'neg' ? x!.node.inputs[0] : undefined;
    case 'add':
      return constantValue(other!) === 0
        ? passes(x)
        : constantValue(x!) === 0
          ? passes(other)
          : undefined;
    case 'sub':
      return constantValue(other!) === 0 ? passes(x) : undefined;
    case 'mul':
      return constantValue(other!) === 1
        ? passes(x)
        : constantValue(x!) === 1
          ? passes(other)
          : undefined;
    case 'div':
      return constantValue(other!) === 1 ? passes(x) : undefined;
    default:
      return undefined;
  }
}

/** Values from which on it is worth saving a pass. */
const LARGE = 2 ** 15;

/** Fuses a node with a product before it. The product stays where something else reads it. */
function fusion(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [x, other] = inputs;
  if (!x || !isFloat(x.dtype) || sizeOf(x.shape) < LARGE) return undefined;
  if (node.operator === 'sum') {
    const [a, b] = x.node.operator === 'mul' ? x.node.inputs : [];
    return a && a === b ? sumOfSquares(a, node.attributes.axes as number[]) : undefined;
  }
  if (node.operator !== 'add' || x.dtype !== 'float32' || !sameShape(x.shape, other!.shape))
    return undefined;
  for (const [product, y] of [
    [x, other!],
    [other!, x],
  ] as const) {
    const factors = product.node.operator === 'mul' ? product.node.inputs : [];
    const at = factors.findIndex(({ shape }) => shape.length === 0);
    if (at >= 0) return axpy(factors[at]!, factors[1 - at]!, y);
  }
  return undefined;
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  neg: (a) => -a,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  reciprocal: (a) => 1 / a,
};

/** The constant that a node computes from inputs that are constants of one repeated value. */
function fold(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const output = node.outputs[0];
  if (output?.dtype !== 'float32' || inputs.length === 0) return undefined;
  const [a, b] = inputs.map(constantValue);
  if (a === undefined || (inputs.length > 1 && b === undefined)) return undefined;
  const value = fillValue(node, a, b ?? 0);
  // Large filled constants stay one number that is broadcast, so that a graph's file stays small.
  if (value === undefined || sizeOf(output.shape) > SMALL) return undefined;
  return constant(new Float32Array(sizeOf(output.shape)).fill(value), output.shape);
}

function fillValue(node: Node, a: number, b: number): number | undefined {
  if (
    node.operator === 'reshape' ||
    node.operator === 'transpose' ||
    node.operator === 'broadcastTo'
  )
    return a;
  return arithmetic[node.operator]?.(a, b);
}
