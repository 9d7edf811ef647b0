/**
 * Every kernel finds the first of the largest products, against a search in whole numbers, which
 * are exact.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { planKey } from '../../compile/index.ts';
import { randomAt } from '../../core/random.ts';
import { argMaxProduct, input, twoLargestProducts } from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { machineTarget } from './machine.cases.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const { kernels } = (await machineTarget()).choice;

interface Sizes {
  R: number;
  D: number;
  K: number;
}
interface Values {
  x: Float32Array;
  w: Float32Array;
  offset: Float32Array;
}

/** Few different values, in some draws all below 0: many ties, within groups and between them. */
function draw({ R, D, K }: Sizes, seed: number): Values {
  const random = randomAt(seed, 'synthetic');
  const shift = random.integer(2) * 1000;
  const few = (length: number) => new Float32Array(length).map(() => random.integer(3) - 1);
  return { x: few(R * D), w: few(K * D), offset: few(K).map((value) => value - shift) };
}

function products({ D, K }: Sizes, { x, w, offset }: Values, r: number): number[] {
  const scores = Array.from(offset, (start, k) => {
    let score = start;
    for (let d = 0; d < D; d++) score += x[r * D + d]! * w[k * D + d]!;
    return score;
  });
  expect(scores.length).toBe(K);
  return scores;
}

function searched(sizes: Sizes, values: Values): number[] {
  return Array.from({ length: sizes.R }, (_, r) => {
    const scores = products(sizes, values, r);
    return scores.indexOf(Math.max(...scores));
  });
}

/** The second largest product of each row, with those of equal value counted one by one. */
function seconds(sizes: Sizes, values: Values): number[] {
  return Array.from(
    { length: sizes.R },
    (_, r) => products(sizes, values, r).sort((a, b) => b - a)[1]!,
  );
}

async function found({ R, D, K }: Sizes, { x, w, offset }: Values, kernel: string) {
  const frozen = { w: input('w', [K, D]), offset: input('offset', [K]) };
  const rows = input('x', [R, D]);
  const at = argMaxProduct(rows, frozen.w, frozen.offset);
  const two = twoLargestProducts(rows, frozen.w, frozen.offset);
  const state = [{ current: frozen.w }, { current: frozen.offset }];
  const plan = { [planKey(at.node)]: kernel, [planKey(two.at.node)]: kernel };
  const outputs = { at, sameAt: two.at, largest: two.largest, second: two.second };
  const executable = await engine.compile({ outputs, state }, { plan });
  // The kernel under test is the one that runs, wherever it is valid.
  const valid = kernels(at.node).includes(kernel);
  expect(executable.plan[planKey(at.node)] ?? 'plain').toBe(valid ? kernel : 'plain');
  await executable.writeState({ w, offset });
  const result = await executable.run({ x });
  await executable.dispose();
  expect([...result.sameAt!]).toEqual([...result.at!]);
  return { at: [...result.at!], largest: [...result.largest!], second: [...result.second!] };
}

describe('argMaxProduct', () => {
  for (const kernel of ['plain', 'blocked']) {
    it(`is the first position of the largest product, ${kernel}`, async () => {
      const sizes = fc.record({
        R: fc.constantFrom(1, 5, 600),
        D: fc.constantFrom(1, 16, 19, 48),
        K: fc.constantFrom(1, 7, 32, 96, 97, 512, 700, 1100),
      });
      await fc.assert(
        fc.asyncProperty(sizes, fc.integer(), async (of, seed) => {
          const values = draw(of, seed);
          const { at, largest, second } = await found(of, values, kernel);
          expect(at).toEqual(searched(of, values));
          expect(largest).toEqual(at.map((k, r) => products(of, values, r)[k]!));
          if (of.K > 1) expect(second).toEqual(seconds(of, values));
          else expect(Math.max(...second)).toBeLessThanOrEqual(-1e30);
        }),
        { numRuns: 25 },
      );
    });
  }

  it('reads rows in shared memory where they are', async () => {
    const of = { R: 3, D: 16, K: 512 };
    const values = draw(of, 1);
    const shared = new Float32Array(new SharedArrayBuffer(4 * 3 * values.x.length));
    const x = shared.subarray(values.x.length, 2 * values.x.length);
    x.set(values.x);
    expect((await found(of, { ...values, x }, 'blocked')).at).toEqual(searched(of, values));
  });

  it('refuses shapes that do not fit', () => {
    const wrong = () => argMaxProduct(input('x', [3, 4]), input('w', [5, 6]), input('offset', [5]));
    expect(wrong).toThrow('[R, D], [K, D] and [K]');
  });
});
