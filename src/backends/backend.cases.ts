/** The suite that every backend runs: values in and out, state, frozen state, timing, closing. */
import { afterAll, describe, expect, it } from 'vitest';
import { compile } from '../compile/index.ts';
import { add, input, matmul, mul, scalar } from '../tensor/index.ts';
import type { Backend } from './backend.ts';
import { createEngine } from './engine.ts';

/** Tests the contract of `Backend`, and of the engine on it. */
export function testBackend(open: () => Promise<Backend>): void {
  describe('the contract of a backend', async () => {
    const engine = createEngine(await open());
    afterAll(() => engine.close());

    describe('the interface', () => {
      it('opens a compiled program, runs it, and reads and writes its state', async () => {
        const backend = await open();
        const [x, total] = [input('x', [2]), input('total', [2])];
        const program = {
          outputs: { twice: add(x, x) },
          state: [{ current: total, next: add(total, x) }],
        };
        const compiled = await compile(program, backend.target(), { plan: {} });
        const session = await backend.open(compiled);
        await session.write({ total: Float32Array.of(10, 20) });
        const { twice } = await session.run({ x: Float32Array.of(1, 2) });
        await session.run({ x: Float32Array.of(1, 2) });
        expect([...twice!]).toEqual([2, 4]);
        expect([...(await session.read(['total'])).total!]).toEqual([12, 24]);
        expect(await session.read([])).toEqual({});
        await session.release();
        await expect(session.run({ x: Float32Array.of(1, 2) })).rejects.toThrow('disposed of');
        await backend.close();
      });

      it('times each candidate', async () => {
        const backend = await open();
        const model = (rows: number) =>
          backend
            .target()
            .lowering.lower({ y: matmul(input('x', [rows, rows]), input('x2', [rows, rows])) });
        const value = (name: string) => ({ name, shape: [64, 64], dtype: 'float32' as const });
        const times = await backend.time({
          models: [model(64), model(64)],
          inputs: [value('x'), value('x2')],
          outputs: [value('y')],
        });
        expect(times).toHaveLength(2);
        for (const time of times) expect(time).toBeGreaterThan(0);
        expect(await backend.memory()).toBeGreaterThan(2 ** 20);
        await backend.close();
      });
    });

    describe('inputs', () => {
      const x = input('x', [3]);
      const program = { outputs: { twice: add(x, x) } };

      it('may be views of something larger, which stays as it was', async () => {
        const executable = await engine.compile(program);
        const whole = Float32Array.from({ length: 10 }, (_, i) => i);
        const { twice } = await executable.run({ x: whole.subarray(4, 7) });
        expect([...twice!]).toEqual([8, 10, 12]);
        expect([...whole]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        await executable.dispose();
      });

      it('are handed over where that is asked for', async () => {
        const executable = await engine.compile(program);
        const values = Float32Array.of(1, 2, 3);
        const { twice } = await executable.run({ x: values }, { transfer: true });
        expect([...twice!]).toEqual([2, 4, 6]);
        expect(values.length).toBe(0);
        await executable.dispose();
      });
    });

    describe('an engine', () => {
      it('ends after the runs that are on their way, and takes nothing new', async () => {
        const other = createEngine(await open());
        const x = input('x', [300, 300]);
        const product = matmul(matmul(matmul(x, x), matmul(x, x)), x);
        const executable = await other.compile({ outputs: { product } });
        const feeds = { x: new Float32Array(300 * 300).fill(1 / 300) };
        const runs = [executable.run(feeds), executable.run(feeds)];
        const closing = other.close();
        await expect(executable.run(feeds)).rejects.toThrow('the engine was closed');
        for (const { product } of await Promise.all(runs))
          expect(product![0]).toBeCloseTo(1 / 300, 6);
        await closing;
        await expect(other.compile({ outputs: { product } })).rejects.toThrow(
          'the engine was closed',
        );
      });
    });

    describe('outputs', () => {
      it('may be one value under several names, an input, and what others are made of', async () => {
        const x = input('x', [3]);
        const twice = add(x, x);
        const executable = await engine.compile({
          outputs: { twice, again: twice, same: x, thrice: add(twice, x) },
        });
        const results = await executable.run({ x: Float32Array.of(1, 2, 3) });
        const found = Object.fromEntries(
          Object.entries(results).map(([name, values]) => [name, [...values]]),
        );
        expect(found).toEqual({
          twice: [2, 4, 6],
          again: [2, 4, 6],
          same: [1, 2, 3],
          thrice: [3, 6, 9],
        });
        await executable.dispose();
      });

      it('may depend on frozen state alone, and on what is computed from them', async () => {
        const [x, frozen] = [input('x', [3]), input('frozen', [3])];
        const doubled = add(frozen, frozen);
        const outputs = { doubled, sum: add(x, add(doubled, frozen)) };
        const executable = await engine.compile({ outputs, state: [{ current: frozen }] });
        await executable.writeState({ frozen: Float32Array.of(1, 2, 3) });
        const { doubled: found, sum } = await executable.run({ x: Float32Array.of(10, 20, 30) });
        expect([...found!]).toEqual([2, 4, 6]);
        expect([...sum!]).toEqual([13, 26, 39]);
        await executable.dispose();
      });
    });

    describe('values', () => {
      it('refuses values of the wrong size or type, and says what it expected', async () => {
        const executable = await engine.compile({
          outputs: { y: mul(input('x', [2, 3]), input('x2', [3])) },
        });
        const wrong = () => executable.run({ x: new Float32Array(5), x2: new Float32Array(3) });
        expect(wrong).toThrow(
          'run: "x" received Float32Array of 5 values; expected Float32Array of shape [2, 3]',
        );
        expect(() => executable.run({ x: new Float32Array(6) })).toThrow('"x2" received nothing');
      });

      it('takes inputs and outputs of any name', async () => {
        const [t0, c0] = [input('t0', [2]), input('c0', [2])];
        const executable = await engine.compile({ outputs: { t1: mul(mul(t0, c0), scalar(3)) } });
        const { t1 } = await executable.run({
          t0: Float32Array.of(1, 2),
          c0: Float32Array.of(4, 5),
        });
        expect([...t1!]).toEqual([12, 30]);
        await executable.dispose();
      });

      it('keeps state between runs and gives it back', async () => {
        const counter = input('counter', [2]);
        const executable = await engine.compile({
          outputs: { seen: mul(counter, counter) },
          state: [{ current: counter, next: mul(counter, counter) }],
        });
        await executable.writeState({ counter: Float32Array.of(2, 3) });
        await executable.run({});
        const { seen } = await executable.run({});
        expect([...seen!]).toEqual([16, 81]);
        expect([...(await executable.readState()).counter!]).toEqual([16, 81]);
        await expect(async () =>
          executable.writeState({ other: Float32Array.of(1) }),
        ).rejects.toThrow('expected one of counter');
      });
    });
  });
}
