import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { openEngine } from '../runtime/index.ts';
import { input } from '../tensor/index.ts';
import { argMaxOfRows, GROUP } from './argMaxOfRows.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

async function found(x: Float32Array, K: number): Promise<number[]> {
  const R = x.length / K;
  const exe = await engine.compile({ outputs: { at: argMaxOfRows(input('x', [R, K])) } });
  const { at } = await exe.run({ x });
  await exe.dispose();
  return [...at!];
}

/** The first position of each row's largest value. */
function searched(x: Float32Array, K: number): number[] {
  return Array.from({ length: x.length / K }, (_, r) => {
    const row = x.subarray(r * K, (r + 1) * K);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

describe('argMaxOfRows', () => {
  it('is the first position of the largest value, whatever the width and the sign', async () => {
    const widths = fc.constantFrom(1, 7, GROUP, 3 * GROUP, 3 * GROUP + 1, 32 * GROUP);
    await fc.assert(
      fc.asyncProperty(widths, fc.integer(), async (K, seed) => {
        const random = randomAt(seed, 'synthetic');
        // Few different values, all below 0 in some draws: many ties, within groups and between them.
        const shift = random.integer(2) * 10;
        const x = new Float32Array(5 * K).map(() => random.integer(6) - shift);
        expect(await found(x, K)).toEqual(searched(x, K));
      }),
      { numRuns: 40 },
    );
  });
});
