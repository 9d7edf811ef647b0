/** Programs of several replicas on ranks of one process, which share a device. */
import { expect } from 'vitest';
import { createThreadGroup, joinThreads, runRank } from '../collectives/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { crossReplicaMean, gradients, input, type Tensor } from '../tensor/index.ts';
import type { Backend } from './backend.ts';
import { draw } from './draw.cases.ts';
import { createEngine } from './engine.ts';

/**
 * Runs one step of a program on replicas, each with its inputs and its state by name; results and
 * next states of each.
 */
export async function runReplicas(
  backend: Backend,
  program: Program,
  replicas: readonly Values[],
): Promise<{ results: Values; after: Values }[]> {
  const group = createThreadGroup({ size: replicas.length });
  const names = (program.state ?? []).map(({ current }) => String(current.node.attributes.name));
  return Promise.all(
    replicas.map((values, rank) =>
      runRank(joinThreads(group, rank), async (communicator) => {
        const executable = await createEngine(backend, { communicator }).compile(program);
        const isState = (name: string) => names.includes(name);
        const pick = (keep: (name: string) => boolean) =>
          Object.fromEntries(Object.entries(values).filter(([name]) => keep(name)));
        await executable.writeState(pick(isState));
        const results = await executable.run(pick((name) => !isState(name)));
        const after = await executable.readState();
        await executable.dispose();
        return { results, after };
      }),
    ),
  );
}

/** Rows of one replica, of values [N, ...] of all. */
const part = (values: Float32Array, rank: number, replicas: number) =>
  values.slice((rank * values.length) / replicas, ((rank + 1) * values.length) / replicas);

/**
 * Demands that replicas which each take a part of the rows of `x` give the mean loss, the gradients
 * by `w` and the further outputs, which are equal on all replicas, of one program on all rows.
 */
export async function expectEqualToWhole(
  backend: Backend,
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
  const executable = await createEngine(backend).compile({ outputs: outputsOf(N, 1) });
  const whole = await executable.run({ x, w: weights });
  await executable.dispose();
  const outputs = outputsOf(N / replicas, replicas);
  const ranks = Array.from({ length: replicas }, (_, rank) => ({
    x: part(x, rank, replicas),
    w: weights,
  }));
  const found = await runReplicas(backend, { outputs, replicas }, ranks);
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
