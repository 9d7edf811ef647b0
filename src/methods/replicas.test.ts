/** Steps on two replicas with half a batch each, and on one. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { encodeOnnx, nextName, standardLowering } from '../compile/index.ts';
import {
  apply,
  crossReplicaOperators,
  type Node,
  nodesOf,
  simplify,
  type Tensor,
} from '../tensor/index.ts';
import { expectStepOfWhole, methods } from './replicas.cases.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

describe('two replicas with half a batch', () => {
  it.each(['swav', 'moco'])('take the step of one: %s', (name) =>
    expectStepOfWhole(backend, methods[name]!),
  );
});

/** The same outputs without the operators that join replicas. */
function stripped(outputs: Record<string, Tensor>): Record<string, Tensor> {
  const found = new Map<Node, readonly Tensor[]>();
  const current = ({ node, index }: Tensor) => found.get(node)![index]!;
  for (const node of nodesOf(Object.values(outputs))) {
    const inputs = node.inputs.map(current);
    const isJoined = crossReplicaOperators.includes(node.operator);
    if (isJoined) found.set(node, inputs);
    else if (inputs.length === 0) found.set(node, node.outputs);
    else found.set(node, apply(node.operator, inputs, node.attributes));
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, current(tensor)]),
  );
}

describe('one replica', () => {
  it.each(['swav', 'moco'])('has the ONNX graph of a step without replicas: %s', (name) => {
    const { program } = methods[name]!.build({ batchSize: 8, imageSize: 8 });
    const next = program.state!.flatMap(({ current, next }) =>
      next ? [[nextName(current), next]] : [],
    );
    const outputs: Record<string, Tensor> = { ...program.outputs, ...Object.fromEntries(next) };
    const operators = nodesOf(Object.values(outputs)).map(({ operator }) => operator);
    expect(operators).toContain('crossReplicaMean');
    expect(operators).toContain('crossReplicaConcat');
    const graph = (tensors: Record<string, Tensor>) =>
      encodeOnnx(standardLowering.lower(simplify(tensors)));
    expect(graph(outputs)).toEqual(graph(stripped(outputs)));
  });
});
