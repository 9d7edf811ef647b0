/**
 * Splits a lowered graph: what depends on held values alone (those that no run replaces) is computed when they are written, not in
 * every run. So an encoder's filters are put in the order of the blocked convolutions, and its norms made part of them, once.
 */
import type { OnnxGraph, OnnxNode, OnnxValue } from '../onnx.ts';

export interface SplitGraph {
  /** What a run does. */
  main: OnnxGraph;
  /** What is computed from the held values, and becomes inputs of `main` by its outputs' names; absent where there is nothing. */
  prelude?: OnnxGraph;
}

/** Operators whose results are float32 where their values are: types are not written down for values within a graph. */
const FLOAT = new Set([
  ...['Add', 'Sub', 'Mul', 'Max', 'Neg', 'Sqrt', 'Reciprocal', 'Exp'],
  ...['Reshape', 'Transpose', 'Gather', 'ReorderInput', 'ReorderOutput', 'Pad', 'Slice', 'Concat', 'Split'],
]);

/** Splits a graph by the names of held inputs. */
export function splitHeld(graph: OnnxGraph, held: ReadonlySet<string>): SplitGraph {
  const constants = new Set(graph.constants.map(({ name }) => name));
  const known = new Map(graph.inputs.map((value) => [value.name, value]));
  const still = new Set([...held].filter((name) => known.get(name)?.dtype === 'float32'));
  const readers = readersOf(graph.nodes);
  // The runtime makes a transposition part of the product that reads it: done before, it would only take memory.
  const isPartOfProducts = ({ type, outputs }: OnnxNode) =>
    type === 'Transpose' && readers.get(outputs[0]!)?.every((reader) => reader === 'MatMul') === true;
  const results = new Set(graph.outputs.map(({ name }) => name));
  const isResult = ({ outputs }: OnnxNode) => outputs.some((name) => results.has(name));
  const isStill = (node: OnnxNode) =>
    FLOAT.has(node.type) && !isResult(node) && !isPartOfProducts(node) && readsOnlyStill(node);
  const readsOnlyStill = ({ inputs }: OnnxNode) =>
    inputs.some((name) => still.has(name)) &&
    inputs.every((name) => name === '' || still.has(name) || constants.has(name));
  const early: OnnxNode[] = [];
  const late: OnnxNode[] = [];
  for (const node of graph.nodes) {
    if (!isStill(node)) late.push(node);
    else {
      early.push(node);
      for (const name of node.outputs) still.add(name);
    }
  }
  if (early.length === 0) return { main: graph };

  const needed = namesReadBy(late);
  const read = namesReadBy(early);
  const given = early
    .flatMap(({ outputs }) => outputs)
    .filter((name) => needed.has(name))
    .map((name): OnnxValue => ({ name, dtype: 'float32' }));
  return {
    main: {
      ...graph,
      nodes: late,
      constants: graph.constants.filter(({ name }) => needed.has(name)),
      inputs: [...graph.inputs.filter(({ name }) => needed.has(name)), ...given],
    },
    prelude: {
      name: `${graph.name}-prelude`,
      nodes: early,
      constants: graph.constants.filter(({ name }) => read.has(name)),
      inputs: graph.inputs.filter(({ name }) => read.has(name)),
      outputs: given,
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
