/** Programs of several replicas on ranks: state over steps, exchanges, and what is refused. */
import { afterAll, describe, expect, it } from 'vitest';
import { alone, createThreadGroup, joinThreads, runRank } from '../collectives/index.ts';
import type { Program, Values } from '../compile/index.ts';
import {
  add,
  constant,
  crossReplicaConcat,
  crossReplicaMax,
  crossReplicaMean,
  input,
  mul,
  sub,
  sum,
} from '../tensor/index.ts';
import { openCpu } from './cpu/index.ts';
import { createEngine } from './engine.ts';
import type { Executable } from './executable.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

/** Does the same work on an executable of each rank. */
function onRanks<T>(
  size: number,
  program: Program,
  work: (executable: Executable, rank: number) => Promise<T>,
): Promise<T[]> {
  const group = createThreadGroup({ size });
  return Promise.all(
    Array.from({ length: size }, (_, rank) =>
      runRank(joinThreads(group, rank), async (communicator) => {
        const executable = await createEngine(backend, { communicator }).compile(program);
        const result = await work(executable, rank);
        await executable.dispose();
        return result;
      }),
    ),
  );
}

const own = (rank: number) => ({ x: Float32Array.of(rank, 2 * rank) });

describe('state on ranks', () => {
  it('goes on from step to step, as on one', async () => {
    const x = input('x', [2]);
    const [w, m] = [input('w', [2]), input('m', [2])];
    const velocity = add(mul(m, 0.5), crossReplicaMean(mul(x, w)));
    const state = [
      { current: w, next: sub(w, mul(velocity, 0.1)) },
      { current: m, next: velocity },
    ];
    const program = { outputs: { loss: sum(w) }, state, replicas: 2 };
    const found = await onRanks(2, program, async (executable, rank) => {
      await executable.writeState({ w: Float32Array.of(1, 2) });
      for (let step = 0; step < 5; step++) await executable.run(own(rank));
      return executable.readState();
    });
    let [expected, moved] = [
      [1, 2],
      [0, 0],
    ];
    for (let step = 0; step < 5; step++) {
      // The means of x over the ranks are .5 and 1.
      moved = moved.map((value, i) => value * 0.5 + expected[i]! * [0.5, 1][i]!);
      expected = expected.map((value, i) => value - 0.1 * moved[i]!);
    }
    expect(found[0]).toEqual(found[1]);
    for (const [i, value] of expected.entries()) {
      expect(found[0]!.w![i]).toBeCloseTo(value, 5);
      expect(found[0]!.m![i]).toBeCloseTo(moved[i]!, 5);
    }
  });

  it('may change places, stay, or become a value from outside or a constant', async () => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => input(name, [2]));
    const x = input('x', [2]);
    const state = [
      { current: a!, next: b! },
      { current: b!, next: a! },
      { current: c!, next: c! },
      { current: d!, next: crossReplicaMean(x) },
      { current: e!, next: constant(Float32Array.of(7, 8), [2]) },
      { current: input('frozen', [1]) },
    ];
    const program = { outputs: { sum: add(a!, mul(b!, 10)) }, state, replicas: 2 };
    const first = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e'].map((name, i) => [name, Float32Array.of(i, -i)]),
    );
    const [found] = await onRanks(2, program, async (executable, rank) => {
      await executable.writeState({ ...first, frozen: Float32Array.of(3) });
      const results: Values[] = [];
      for (let step = 0; step < 3; step++) results.push(await executable.run(own(rank)));
      return { sums: results.map(({ sum }) => sum![0]), state: await executable.readState() };
    });
    expect(found!.sums).toEqual([10, 1, 10]);
    expect(found!.state).toEqual({
      ...{ a: Float32Array.of(1, -1), b: Float32Array.of(0, -0), c: first.c },
      ...{ d: Float32Array.of(0.5, 1), e: Float32Array.of(7, 8), frozen: Float32Array.of(3) },
    });
  });

  it('is zero at first, and given values stay the caller’s', async () => {
    const w = input('w', [2]);
    const program = {
      outputs: { y: crossReplicaMean(add(w, input('x', [2]))) },
      state: [{ current: w }],
      replicas: 1 + 1,
    };
    const [found] = await onRanks(2, program, async (executable, rank) => {
      const given = own(rank);
      const { y } = await executable.run(given);
      const written = Float32Array.of(4, 4);
      await executable.writeState({ w: written });
      return {
        y,
        x: given.x.length,
        written: written.length,
        w: await executable.readState(['w']),
      };
    });
    expect(found).toEqual({
      ...{ y: Float32Array.of(0.5, 1), x: 2, written: 2 },
      w: { w: Float32Array.of(4, 4) },
    });
  });
});

describe('exchanges of one round', () => {
  it('leave each other’s operands alone', async () => {
    const x = input('x', [2]);
    const doubled = mul(x, 2);
    const outputs = {
      mean: crossReplicaMean(doubled),
      max: crossReplicaMax(doubled),
      all: crossReplicaConcat(doubled, 3),
      // The operand is also an output.
      doubled,
      constant: crossReplicaConcat(constant(Float32Array.of(1, 2), [2]), 3),
    };
    const found = await onRanks(3, { outputs, replicas: 3 }, (executable, rank) =>
      executable.run(own(rank)),
    );
    for (const [rank, results] of found.entries()) {
      expect(results).toEqual({
        mean: Float32Array.of(2, 4),
        max: Float32Array.of(4, 8),
        all: Float32Array.of(0, 0, 2, 4, 4, 8),
        doubled: Float32Array.of(2 * rank, 4 * rank),
        constant: Float32Array.of(1, 2, 1, 2, 1, 2),
      });
    }
  });

  it('give small and large values alike', async () => {
    const sizes = [3, 40_000, 5, 20_000];
    const inputs = sizes.map((size, i) => input(`x${i}`, [size]));
    const outputs = Object.fromEntries(
      inputs.map((x, i) => [`y${i}`, crossReplicaMean(mul(x, i + 1))]),
    );
    const found = await onRanks(2, { outputs, replicas: 2 }, (executable, rank) =>
      executable.run(
        Object.fromEntries(
          sizes.map((size, i) => [
            `x${i}`,
            Float32Array.from({ length: size }, (_, j) => j + rank),
          ]),
        ),
      ),
    );
    for (const [i, size] of sizes.entries()) {
      const expected = Float32Array.from({ length: size }, (_, j) => (i + 1) * (j + 0.5));
      for (const results of found) expect(results[`y${i}`]).toEqual(expected);
    }
  });
});

describe('ranks refuse', () => {
  it('programs of another number of replicas, before they call each other', async () => {
    const program = { outputs: { y: crossReplicaMean(input('x', [2])) }, replicas: 3 };
    await expect(
      createEngine(backend, { communicator: alone() }).compile(program),
    ).rejects.toMatchObject({ code: 'replicas.count' });
  });

  it('bytes, and values of another length or name', async () => {
    const u = input('u', [2], 'uint8');
    const bytes = { outputs: { y: crossReplicaConcat(u, 2) }, replicas: 2 };
    await expect(
      onRanks(2, bytes, (executable) => executable.run({ u: Uint8Array.of(1, 2) })),
    ).rejects.toThrow('received bytes; expected float32, float64 or int32');
    const program = { outputs: { y: crossReplicaMean(input('x', [2])) }, replicas: 2 };
    await onRanks(2, program, async (executable) => {
      await expect(executable.run({ x: new Float32Array(3) })).rejects.toThrow('of 3 values');
      await expect(executable.writeState({ v: new Float32Array(3) })).rejects.toThrow('"v"');
    });
  });
});
