/**
 * The reference for programs of several replicas: runs copies of a program in lockstep on one
 * engine, and exchanges values in JavaScript at the operators that join replicas.
 *
 * The graph is cut into parts. Part p has what can be computed after p exchanges, and reads what
 * earlier parts computed.
 */
import { expect } from 'vitest';
import { nextName, type Program, type Values } from '../compile/index.ts';
import {
  apply,
  arrayTypes,
  crossReplicaMean,
  crossReplicaOperators,
  gradients,
  input,
  type Node,
  nodesOf,
  simplify,
  sizeOf,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import { draw } from './draw.cases.ts';
import type { Engine } from './index.ts';

interface Part {
  /** Values of this part that other parts, exchanges and results read, by key. */
  outputs: Record<string, Tensor>;
  exchanges: Node[];
}

const isExchange = ({ operator }: Node) => crossReplicaOperators.includes(operator);
const isSource = ({ operator }: Node) => operator === 'input' || operator === 'constant';
const keyOf = ({ node, index }: Tensor) =>
  node.operator === 'input' ? String(node.attributes.name) : `${node.operator}.${node.id}.${index}`;

/** Cuts a graph at the operators that join replicas. */
function cut(results: readonly Tensor[]): Part[] {
  const nodes = nodesOf(results);
  const partOf = new Map<Node, number>();
  for (const node of nodes) {
    const after = node.inputs.map((x) => partOf.get(x.node)! + Number(isExchange(x.node)));
    partOf.set(node, Math.max(0, ...after));
  }
  const read = new Set(results);
  for (const node of nodes) {
    for (const x of node.inputs) {
      if (isExchange(node) || partOf.get(x.node) !== partOf.get(node)) read.add(x);
    }
  }
  const count = Math.max(...partOf.values()) + 1;
  return Array.from({ length: count }, (_, p) => {
    const own = nodes.filter((node) => partOf.get(node) === p);
    const rebuilt = new Map<Node, readonly Tensor[]>();
    const current = (x: Tensor): Tensor =>
      rebuilt.get(x.node)?.[x.index] ?? (isSource(x.node) ? x : input(keyOf(x), x.shape, x.dtype));
    for (const node of own) {
      if (isExchange(node) || isSource(node)) continue;
      rebuilt.set(node, apply(node.operator, node.inputs.map(current), node.attributes));
    }
    const outputs = own.flatMap((node) =>
      rebuilt.has(node) ? node.outputs.filter((x) => read.has(x)) : [],
    );
    return {
      outputs: Object.fromEntries(outputs.map((x) => [keyOf(x), current(x)])),
      exchanges: own.filter(isExchange),
    };
  });
}

/** Values of an exchange on all replicas, of its operand on each. */
function exchange({ operator, outputs: [y] }: Node, operands: readonly TensorData[]): TensorData[] {
  const kind = arrayTypes[y!.dtype];
  const [first] = operands as [TensorData];
  const reduced = (join: (values: number[]) => number) =>
    Float64Array.from(first, (_, i) => join(operands.map((values) => values[i]!)));
  const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const everywhere = (values: ArrayLike<number>) => operands.map(() => kind.from(values));
  switch (operator) {
    case 'crossReplicaMean':
      return everywhere(reduced((values) => total(values) / values.length));
    case 'crossReplicaMax':
      return everywhere(reduced((values) => Math.max(...values)));
    case 'crossReplicaConcat':
      return everywhere(operands.flatMap((values) => [...values]));
    default: {
      const sums = reduced(total);
      const n = sizeOf(y!.shape);
      return operands.map((_, rank) => kind.from(sums.subarray(rank * n, (rank + 1) * n)));
    }
  }
}

/**
 * Runs one step of a program on replicas, each with its inputs and its state by name; results and
 * next states of each.
 */
export async function runLockstep(
  engine: Engine,
  program: Program,
  replicas: readonly Values[],
): Promise<{ results: Values; after: Values }[]> {
  const next = (program.state ?? []).map(
    ({ current, next = current }) => [nextName(current), next] as const,
  );
  const graph: Record<string, Tensor> = simplify(
    { ...program.outputs, ...Object.fromEntries(next) },
    { replicas: replicas.length },
  );
  const known = replicas.map((values) => new Map<string, TensorData>(Object.entries(values)));
  const readAt = (x: Tensor, rank: number) =>
    x.node.operator === 'constant'
      ? (x.node.attributes.data as TensorData)
      : known[rank]!.get(keyOf(x))!;
  for (const { outputs, exchanges } of cut(Object.values(graph))) {
    if (Object.keys(outputs).length > 0) await runPart(engine, outputs, known);
    for (const node of exchanges) {
      const found = exchange(
        node,
        known.map((_, rank) => readAt(node.inputs[0]!, rank)),
      );
      for (const [rank, value] of found.entries()) known[rank]!.set(keyOf(node.outputs[0]!), value);
    }
  }
  const named = (names: readonly string[], rank: number, cutName: (name: string) => string) =>
    Object.fromEntries(names.map((name) => [cutName(name), readAt(graph[name]!, rank)])) as Values;
  return replicas.map((_, rank) => ({
    results: named(Object.keys(program.outputs), rank, (name) => name),
    after: named(
      next.map(([name]) => name),
      rank,
      (name) => name.slice(0, -':next'.length),
    ),
  }));
}

/** Computes a part on each replica, and adds its values to those known. */
async function runPart(
  engine: Engine,
  outputs: Record<string, Tensor>,
  known: readonly Map<string, TensorData>[],
): Promise<void> {
  const executable = await engine.compile({ outputs });
  const names = nodesOf(Object.values(outputs)).flatMap(({ operator, attributes }) =>
    operator === 'input' ? [String(attributes.name)] : [],
  );
  for (const values of known) {
    const found = await executable.run(
      Object.fromEntries(names.map((name) => [name, values.get(name)!])),
    );
    for (const [key, value] of Object.entries(found)) values.set(key, value as TensorData);
  }
  await executable.dispose();
}

/** Rows of one replica, of values [N, ...] of all. */
const part = (values: Float32Array, rank: number, replicas: number) =>
  values.slice((rank * values.length) / replicas, ((rank + 1) * values.length) / replicas);

/**
 * Demands that replicas which each take a part of the rows of `x` give the mean loss, the gradients
 * by `w` and the further outputs, which are equal on all replicas, of one program on all rows.
 */
export async function expectEqualToWhole(
  engine: Engine,
  build: (
    x: Tensor,
    w: Tensor,
    replicas: number,
  ) => { loss: Tensor; also?: Record<string, Tensor> },
  { N, D, w, replicas }: { N: number; D: number; w: readonly number[]; replicas: number },
) {
  const outputsOf = (batch: number, of: number) => {
    const weight = input('w', w);
    const { loss, also } = build(input('x', [batch, D]), weight, of);
    return { loss, dw: crossReplicaMean(gradients(loss, [weight])[0]!), ...also };
  };
  const x = draw(input('x', [N, D]), 1);
  const weights = draw(input('w', w), 2);
  const executable = await engine.compile({ outputs: outputsOf(N, 1) });
  const whole = await executable.run({ x, w: weights });
  await executable.dispose();
  const outputs = outputsOf(N / replicas, replicas);
  const ranks = Array.from({ length: replicas }, (_, rank) => ({
    x: part(x, rank, replicas),
    w: weights,
  }));
  const found = await runLockstep(engine, { outputs, replicas }, ranks);
  const loss = found.reduce((total, { results }) => total + results.loss![0]! / replicas, 0);
  expect(loss).toBeCloseTo(whole.loss![0]!, 5);
  for (const name of Object.keys(outputs).filter((key) => key !== 'loss')) {
    for (const { results } of found) {
      const values = whole[name]! as Float32Array;
      for (const [i, value] of values.entries())
        expect(results[name]![i], `${name}[${i}]`).toBeCloseTo(value, 4);
    }
  }
}
