/**
 * Products of rows in every kernel, and their gradients, against sums of whole numbers, which are
 * exact.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { planKey } from '../../compile/index.ts';
import { randomAt } from '../../core/random.ts';
import { gradients, input, mul, rowProducts, sum } from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';
import { machineTarget } from './machine.cases.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const { kernels: machineKernels } = (await machineTarget()).choice;

function draw(length: number, seed: number): Float32Array {
  const random = randomAt(seed, 'synthetic');
  return new Float32Array(length).map(() => random.integer(7) - 3);
}

/** `sum_i a(r, i) b(c, i)` with rows of any layout. */
function sums(
  R: number,
  C: number,
  I: number,
  term: (r: number, c: number, i: number) => number,
): number[] {
  return Array.from({ length: R * C }, (_, at) => {
    let total = 0;
    for (let i = 0; i < I; i++) total += term(Math.floor(at / C), at % C, i);
    return total;
  });
}

describe('products of rows', () => {
  for (const kernel of ['plain', 'blocked']) {
    it(`are exact for whole numbers, ${kernel}`, async () => {
      const sizes = fc.record({
        R: fc.constantFrom(1, 3, 511, 513),
        D: fc.constantFrom(1, 5, 16, 40),
        K: fc.constantFrom(2, 15, 16, 50),
      });
      await fc.assert(
        fc.asyncProperty(sizes, async ({ R, D, K }) => {
          const [x, w, offset] = [input('x', [R, D]), input('w', [K, D]), input('offset', [K])];
          const y = rowProducts(x, w, offset);
          const plan = { [planKey(y.node)]: kernel };
          const executable = await engine.compile({ outputs: { y } }, { plan });
          const valid = machineKernels(y.node).includes(kernel);
          expect(executable.plan[planKey(y.node)] ?? 'plain').toBe(valid ? kernel : 'plain');
          const feeds = { x: draw(R * D, 0), w: draw(K * D, 1), offset: draw(K, 2) };
          const found = await executable.run(feeds);
          await executable.dispose();
          expect([...found.y!]).toEqual(
            sums(R, K, D, (r, k, d) => feeds.x[r * D + d]! * feeds.w[k * D + d]!).map(
              (total, at) => total + feeds.offset[at % K]!,
            ),
          );
        }),
        { numRuns: 12, seed: 1 },
      );
    });
  }

  it('have the gradients of a product', async () => {
    const [R, D, K] = [3, 4, 5];
    const [x, w, offset] = [input('x', [R, D]), input('w', [K, D]), input('offset', [K])];
    const dy = input('dy', [R, K]);
    const [dx, dw, db] = gradients(sum(mul(rowProducts(x, w, offset), dy)), [x, w, offset]);
    const executable = await engine.compile({ outputs: { dx: dx!, dw: dw!, db: db! } });
    const feeds = { x: draw(R * D, 0), w: draw(K * D, 1), offset: draw(K, 2), dy: draw(R * K, 3) };
    const found = await executable.run({ x: feeds.x, w: feeds.w, dy: feeds.dy });
    await executable.dispose();
    expect([...found.dx!]).toEqual(
      sums(R, D, K, (r, d, k) => feeds.dy[r * K + k]! * feeds.w[k * D + d]!),
    );
    expect([...found.dw!]).toEqual(
      sums(K, D, R, (k, d, r) => feeds.dy[r * K + k]! * feeds.x[r * D + d]!),
    );
    expect([...found.db!]).toEqual(sums(1, K, R, (_, k, r) => feeds.dy[r * K + k]!));
  });

  it('are blocked by default where there are many of them', () => {
    const of = (R: number) =>
      rowProducts(input('x', [R, 8]), input('w', [1024, 8]), input('offset', [1024]));
    const kernels = (R: number) => cpuLowering({ block: 16 }).kernels(of(R).node);
    expect(kernels(1000)).toEqual(['plain', 'blocked']);
    expect(kernels(1024)).toEqual(['blocked', 'plain']);
    const { nodes } = cpuLowering({ block: 16 }).lower({ y: of(1024) });
    expect(nodes.some(({ domain }) => domain === 'com.microsoft.nchwc')).toBe(true);
  });
});
