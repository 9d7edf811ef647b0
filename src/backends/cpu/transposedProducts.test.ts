import { afterAll, describe, expect, it } from 'vitest';
import { randomAt } from '../../core/random.ts';
import { input, matmul, simplify, transpose } from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const draw = (length: number, stream: number) => {
  const random = randomAt(5, 'synthetic', stream);
  return new Float32Array(length).map(() => random.normal());
};
const productOf = (K: number, M: number, N: number) => ({
  y: matmul(transpose(input('x', [K, M])), input('g', [K, N])),
});

describe('a product of a transposed matrix', () => {
  // The first two are moved before the product. An odd M and a small product are not.
  it.each([
    [2048, 64, 512, [1, 2, 0]],
    [1025, 258, 300, [1, 2, 0]],
    [2048, 65, 512, [1, 0]],
    [64, 32, 16, [1, 0]],
  ])('of K %i, M %i, N %i has the values of the definition', async (K, M, N, order) => {
    const outputs = productOf(K, M, N);
    const { nodes } = cpuLowering({ block: 8 } as never).lower(simplify(outputs));
    const orders = nodes
      .filter(({ type }) => type === 'Transpose')
      .map(({ attributes }) => (attributes.perm as { ints: readonly number[] }).ints);
    expect(orders.at(-1)).toEqual(order);
    const executable = await engine.compile({ outputs });
    const [x, g] = [draw(K * M, 0), draw(K * N, 1)];
    const { y } = await executable.run({ x, g });
    await executable.dispose();
    for (const [m, n] of [
      [0, 0],
      [M - 1, N - 1],
      [1, N - 1],
      [M >> 1, N >> 1],
    ] as const) {
      let expected = 0;
      for (let k = 0; k < K; k++) expected += x[k * M + m]! * g[k * N + n]!;
      // Sums of K normal products in float32: their deviation is √K, and rounding 1e-6 of it.
      expect(Math.abs(y![m * N + n]! - expected)).toBeLessThan(1e-5 * K ** 0.5 * 10);
    }
  });
});
