/** What goes to the engine and comes back. */
import { afterAll, describe, expect, it } from 'vitest';
import { add, input } from '../tensor/index.ts';
import { openEngine } from './index.ts';

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
