import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { createVariables } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import { onSphere, pushed } from './queue.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/**
 * The queue's first coordinates after each of some batches, each coordinate a number of its own.
 */
async function contents(length: number, batch: number, batches: number[][]): Promise<number[][]> {
  const queue = input('queue', [length, 2]);
  const k = input('k', [batch, 2]);
  const state = [{ current: queue, next: pushed(queue, k) }];
  const executable = await engine.compile({ outputs: {}, state });
  await executable.writeState({ queue: new Float32Array(length * 2) });
  const seen: number[][] = [];
  for (const rows of batches) {
    await executable.run({ k: Float32Array.from(rows.flatMap((row) => [row, -row])) });
    const values = (await executable.readState()).queue!;
    seen.push(Array.from({ length }, (_, i) => values[2 * i]!));
  }
  await executable.dispose();
  return seen;
}

describe('the queue of keys', () => {
  it('takes a batch in front and lets the oldest go, for a length that is no multiple of the batch', async () => {
    const batches = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    expect(await contents(5, 2, batches)).toEqual([
      [1, 2, 0, 0, 0],
      [3, 4, 1, 2, 0],
      [5, 6, 3, 4, 1],
    ]);
  });

  it('holds the first rows of a batch that exceeds it, and a whole batch that fits exactly', async () => {
    expect(await contents(2, 3, [[1, 2, 3]])).toEqual([[1, 2]]);
    expect(await contents(3, 3, [[1, 2, 3]])).toEqual([[1, 2, 3]]);
  });

  it('starts on the sphere, in all directions, from a stream of the seed and of its name', () => {
    const first = (name: string, seed: number) => {
      const stored = createVariables();
      stored.buffer(name, [500, 8], onSphere);
      return stored.initialValues(seed)[name]!;
    };
    const rows = first('queue', 3);
    const mean = new Array(8).fill(0);
    for (let n = 0; n < 500; n++) {
      const row = rows.slice(n * 8, n * 8 + 8);
      expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      row.forEach((x, d) => {
        mean[d] += x / 500;
      });
    }
    // The mean of 500 rows has a standard deviation of 1 / sqrt(500 x 8) per coordinate.
    expect(Math.hypot(...mean)).toBeLessThan(0.1);
    expect(first('queue', 3)).toEqual(rows);
    expect(first('queue', 4)).not.toEqual(rows);
    expect(first('queue.1', 3)).not.toEqual(rows);
  });
});
