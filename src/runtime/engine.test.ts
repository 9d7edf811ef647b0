/** What goes to the engine and comes back. */
import { afterAll, describe, expect, it } from 'vitest';
import { add, input, matmul, mul, scalar, simplify } from '../tensor/index.ts';
import { lower, openEngine } from './index.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

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
    const other = await openEngine({ threads: 1 });
    const x = input('x', [300, 300]);
    const product = matmul(matmul(matmul(x, x), matmul(x, x)), x);
    const executable = await other.compile({ outputs: { product } });
    const feeds = { x: new Float32Array(300 * 300).fill(1 / 300) };
    const runs = [executable.run(feeds), executable.run(feeds)];
    const closing = other.close();
    await expect(executable.run(feeds)).rejects.toThrow('the engine was closed');
    for (const { product } of await Promise.all(runs)) expect(product![0]).toBeCloseTo(1 / 300, 6);
    await closing;
    await expect(other.compile({ outputs: { product } })).rejects.toThrow('the engine was closed');
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
    const found = Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]));
    expect(found).toEqual({ twice: [2, 4, 6], again: [2, 4, 6], same: [1, 2, 3], thrice: [3, 6, 9] });
    await executable.dispose();
  });

  it('may depend on held values alone, and on what is computed from them', async () => {
    const [x, held] = [input('x', [3]), input('held', [3])];
    const doubled = add(held, held);
    const outputs = { doubled, sum: add(x, add(doubled, held)) };
    const executable = await engine.compile({ outputs, state: [{ current: held }] });
    await executable.writeState({ held: Float32Array.of(1, 2, 3) });
    const { doubled: found, sum } = await executable.run({ x: Float32Array.of(10, 20, 30) });
    expect([...found!]).toEqual([2, 4, 6]);
    expect([...sum!]).toEqual([13, 26, 39]);
    await executable.dispose();
  });
});

describe('a number and a tensor', () => {
  it('meet at the same rank where the shape ends in 1, which the runtime is slow at otherwise', () => {
    const alone = { y: mul(input('x', [4, 3, 1, 1]), scalar(2)) };
    // In a sum that is large enough to be one operator, too.
    const [x, z] = [input('x', [512, 256, 1, 1]), input('z', [512, 256, 1, 1])];
    for (const outputs of [alone, simplify({ y: add(mul(scalar(2), x), z) })]) {
      const { nodes } = lower(outputs);
      const product = nodes.find(({ type }) => type === 'Mul')!;
      const reshaped = nodes.filter(({ type }) => type === 'Reshape').flatMap(({ outputs }) => outputs);
      expect(product.inputs.filter((name) => reshaped.includes(name)).length).toBe(1);
    }
    const other = lower({ y: mul(input('x', [4, 3, 2, 2]), scalar(2)) });
    expect(other.nodes.map(({ type }) => type)).toEqual(['Mul']);
  });
});
