/**
 * Hoists every subgraph that depends only on frozen state into a prelude, which runs once per state
 * write. For inference encoders this packs filters and folds batch norm.
 */
import type { OnnxGraph, OnnxNode, OnnxValue } from './onnx.ts';

export interface SplitGraph {
  /** Work of a run. */
  main: OnnxGraph;
  /** Work on frozen state. Its outputs are inputs of `main` by name. Absent where there is none. */
  prelude?: OnnxGraph;
}

/**
 * Operators with float32 results from float32 values; ONNX has no types for values within a graph.
 */
const FLOAT = new Set([
  ...['Add', 'Sub', 'Mul', 'Max', 'Neg', 'Sqrt', 'Reciprocal', 'Exp'],
  ...['Reshape', 'Transpose', 'Gather', 'Pad', 'Slice', 'Concat', 'Split'],
]);

/**
 * Splits a graph by the names of frozen inputs.
 *
 * @param ownOperators operators outside the standard that may be hoisted; their results are
 * float32.
 */
export function foldConstantState(
  graph: OnnxGraph,
  frozen: ReadonlySet<string>,
  ownOperators: readonly string[] = [],
): SplitGraph {
  const hoistable = new Set([...FLOAT, ...ownOperators]);
  const given = new Set(graph.constants.map(({ name }) => name));
  const known = new Map(graph.inputs.map((value) => [value.name, value]));
  const constant = new Set([...frozen].filter((name) => known.get(name)?.dtype === 'float32'));
  const readers = readersOf(graph.nodes);
  // ONNX Runtime makes a transposition part of the product that reads it. Hoisted, it would only
  // take memory.
  const isPartOfProducts = ({ type, outputs }: OnnxNode) =>
    type === 'Transpose' &&
    readers.get(outputs[0]!)?.every((reader) => reader === 'MatMul') === true;
  const results = new Set(graph.outputs.map(({ name }) => name));
  const isResult = ({ outputs }: OnnxNode) => outputs.some((name) => results.has(name));
  const isConstant = (node: OnnxNode) =>
    hoistable.has(node.type) &&
    !isResult(node) &&
    !isPartOfProducts(node) &&
    readsOnlyConstants(node);
  const readsOnlyConstants = ({ inputs }: OnnxNode) =>
    inputs.some((name) => constant.has(name)) &&
    inputs.every((name) => name === '' || constant.has(name) || given.has(name));
  const early: OnnxNode[] = [];
  const late: OnnxNode[] = [];
  for (const node of graph.nodes) {
    if (!isConstant(node)) late.push(node);
    else {
      early.push(node);
      for (const name of node.outputs) constant.add(name);
    }
  }
  if (early.length === 0) return { main: graph };

  const needed = namesReadBy(late);
  const read = namesReadBy(early);
  const hoisted = early
    .flatMap(({ outputs }) => outputs)
    .filter((name) => needed.has(name))
    .map((name): OnnxValue => ({ name, dtype: 'float32' }));
  return {
    main: {
      ...graph,
      nodes: late,
      constants: graph.constants.filter(({ name }) => needed.has(name)),
      inputs: [...graph.inputs.filter(({ name }) => needed.has(name)), ...hoisted],
    },
    prelude: {
      name: `${graph.name}-prelude`,
      nodes: early,
      constants: graph.constants.filter(({ name }) => read.has(name)),
      inputs: graph.inputs.filter(({ name }) => read.has(name)),
      outputs: hoisted,
    },
  };
}

/** Operators that read each value. */
function readersOf(nodes: readonly OnnxNode[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { type, inputs } of nodes) {
    for (const name of inputs) found.set(name, [...(found.get(name) ?? []), type]);
  }
  return found;
}

function namesReadBy(nodes: readonly OnnxNode[]): Set<string> {
  return new Set(nodes.flatMap(({ inputs }) => inputs));
}
