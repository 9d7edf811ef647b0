/**
 * Cutting a program of several replicas into parts, between which the replicas exchange values.
 *
 * Part p has what can be computed after p rounds of exchanges, and reads what earlier parts
 * computed. Values are named: inputs and state by their names, all others by their nodes.
 */
import {
  apply,
  crossReplicaOperators,
  type DType,
  input,
  type Node,
  nodesOf,
  simplify,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import { nameOf, nextName, type Program } from './compile.ts';
import type { ValueSpec, Values } from './values.ts';

/** An operator of a program at which its replicas exchange values. */
export interface Exchange {
  /** Name of one of {@link crossReplicaOperators}. */
  readonly operator: string;
  /** Name of the replica's own value. */
  readonly operand: string;
  /** Name of the value that the exchange gives. */
  readonly result: string;
  readonly dtype: DType;
}

/** Work between two rounds of exchanges. */
export interface Part {
  /** Values that it computes, by name. Empty: it only exchanges. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Exchanges after it, in an order that is the same on all replicas. */
  readonly exchanges: readonly Exchange[];
  /** Names of values that nothing reads after the exchanges' operands were taken. */
  readonly dropped: readonly string[];
}

/** A program in parts. */
export interface PartedProgram {
  readonly parts: readonly Part[];
  /** Inputs of the parts that are not state. */
  readonly inputs: readonly ValueSpec[];
  /** Constants that are exchanged or are results. */
  readonly constants: Values;
  /** Names of the values of the program's outputs, by output. */
  readonly results: Readonly<Record<string, string>>;
  /** Names of the values that replace state after the last part, by state. */
  readonly next: Readonly<Record<string, string>>;
}

const isExchange = ({ operator }: Node) => crossReplicaOperators.includes(operator);
const isSource = ({ operator }: Node) => operator === 'input' || operator === 'constant';

/** Name of a tensor's value among all values of a program. */
const valueName = (tensor: Tensor) =>
  tensor.node.operator === 'input'
    ? nameOf(tensor)
    : `${tensor.node.operator}.${tensor.node.id}.${tensor.index}`;

/**
 * Cuts a program at the operators that join replicas.
 *
 * @param program program of two or more replicas
 */
export function cutProgram(program: Program): PartedProgram {
  const replaced = (program.state ?? []).flatMap(({ current, next }) =>
    next ? [[nextName(current), next] as const] : [],
  );
  const graph: Record<string, Tensor> = simplify(
    { ...program.outputs, ...Object.fromEntries(replaced) },
    { replicas: program.replicas },
  );
  const final = Object.values(graph);
  const nodes = nodesOf(final);
  const partOf = placeNodes(nodes);
  const count = Math.max(0, ...partOf.values()) + 1;
  const read = readAcross(nodes, partOf, final);
  const drafts = Array.from({ length: count }, (_, p) =>
    draftPart(
      nodes.filter((node) => partOf.get(node) === p),
      read,
    ),
  );
  const states = new Set((program.state ?? []).map(({ current }) => nameOf(current)));
  const kept = new Set([...states, ...final.map(valueName)]);
  const namesOf = (of: Readonly<Record<string, Tensor>>, nameIn: (key: string) => string) =>
    Object.fromEntries(Object.keys(of).map((key) => [key, valueName(graph[nameIn(key)]!)]));
  return {
    parts: withDropped(drafts, kept),
    inputs: nodes
      .filter(({ operator }) => operator === 'input')
      .map(({ outputs: [x] }) => ({ name: nameOf(x!), shape: x!.shape, dtype: x!.dtype }))
      .filter(({ name }) => !states.has(name)),
    constants: constantsAmong(read),
    results: namesOf(program.outputs, (key) => key),
    next: Object.fromEntries(
      (program.state ?? []).flatMap(({ current, next }) =>
        next ? [[nameOf(current), valueName(graph[nextName(current)]!)]] : [],
      ),
    ),
  };
}

/** Number of exchanges on the longest way to each node. */
function placeNodes(nodes: readonly Node[]): Map<Node, number> {
  const partOf = new Map<Node, number>();
  for (const node of nodes) {
    const after = node.inputs.map((x) => partOf.get(x.node)! + Number(isExchange(x.node)));
    partOf.set(node, Math.max(0, ...after));
  }
  return partOf;
}

/** Tensors that another part, an exchange or the program's caller reads. */
function readAcross(
  nodes: readonly Node[],
  partOf: ReadonlyMap<Node, number>,
  final: readonly Tensor[],
): Set<Tensor> {
  const read = new Set(final);
  for (const node of nodes) {
    for (const x of node.inputs) {
      const isNear = partOf.get(x.node) === partOf.get(node);
      if (isExchange(node) || (!isNear && x.node.operator !== 'constant')) read.add(x);
    }
  }
  return read;
}

interface Draft extends Omit<Part, 'dropped'> {
  /** Names of values of other parts, of inputs and of state that the part reads. */
  readonly reads: readonly string[];
}

/** A part of its own nodes, whose operands of other parts are inputs. */
function draftPart(own: readonly Node[], read: ReadonlySet<Tensor>): Draft {
  const rebuilt = new Map<Node, readonly Tensor[]>();
  const inputs = new Map<string, Tensor>();
  function current(x: Tensor): Tensor {
    if (x.node.operator === 'constant') return x;
    const inPart = rebuilt.get(x.node)?.[x.index];
    if (inPart) return inPart;
    const name = valueName(x);
    const known = inputs.get(name) ?? input(name, x.shape, x.dtype);
    inputs.set(name, known);
    return known;
  }
  for (const node of own) {
    if (isExchange(node) || isSource(node)) continue;
    rebuilt.set(node, apply(node.operator, node.inputs.map(current), node.attributes));
  }
  const outputs = [...rebuilt.keys()].flatMap(({ outputs }) => outputs.filter((x) => read.has(x)));
  return {
    outputs: Object.fromEntries(outputs.map((x) => [valueName(x), current(x)])),
    reads: [...inputs.keys()],
    exchanges: own.filter(isExchange).map(({ operator, inputs: [operand], outputs: [result] }) => ({
      operator,
      operand: valueName(operand!),
      result: valueName(result!),
      dtype: result!.dtype,
    })),
  };
}

/** Drops each value after the last part that reads it, except those that outlive the parts. */
function withDropped(drafts: readonly Draft[], kept: ReadonlySet<string>): Part[] {
  const lastRead = new Map<string, number>();
  for (const [p, { reads, exchanges }] of drafts.entries()) {
    for (const name of [...reads, ...exchanges.map(({ operand }) => operand)])
      lastRead.set(name, p);
  }
  return drafts.map(({ outputs, exchanges }, p) => ({
    outputs,
    exchanges,
    dropped: [...lastRead]
      .filter(([name, at]) => at === p && !kept.has(name))
      .map(([name]) => name),
  }));
}

function constantsAmong(tensors: Iterable<Tensor>): Values {
  return Object.fromEntries(
    [...tensors].flatMap((x) =>
      x.node.operator === 'constant' ? [[valueName(x), x.node.attributes.data as TensorData]] : [],
    ),
  );
}
