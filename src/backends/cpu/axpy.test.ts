/**
 * Fused operators of simplification, of a scaled tensor and a sum and of a sum of squares: the same
 * values at every size.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { randomAt } from '../../core/random.ts';
import {
  add,
  input,
  mul,
  neg,
  nodesOf,
  scalar,
  simplify,
  sizeOf,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { openEngine } from '../index.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const draw = (length: number, stream: number) => {
  const random = randomAt(3, 'synthetic', stream);
  return new Float32Array(length).map(() => random.normal());
};
const operators = (outputs: Record<string, Tensor>) =>
  nodesOf(Object.values(simplify(outputs))).map(({ operator }) => operator);

describe('a x + y', () => {
  /**
   * With blocks of 16 the first three fit a map, the fourth is no multiple, the fifth has no rows
   * of useful length, the last is small.
   */
  it.each([[[32768]], [[512, 64, 3, 3]], [[128, 256, 1, 1]], [[32769]], [[16 * 2081]], [[8, 3]]])(
    'of shape %j, inside of a graph and as its result',
    async (shape) => {
      const [x, y, a] = [input('x', shape), input('y', shape), input('a', [])];
      const inner = add(neg(y), mul(x, a));
      const outputs = {
        inside: neg(inner),
        result: add(mul(a, x), y),
        constant: add(y, mul(scalar(-0.5), x)),
      };
      const isLarge = sizeOf(shape) >= 2 ** 15;
      expect(operators(outputs).filter((name) => name === 'axpy')).toHaveLength(isLarge ? 3 : 0);
      const executable = await engine.compile({ outputs });
      const values = {
        x: draw(sizeOf(shape), 0),
        y: draw(sizeOf(shape), 1),
        a: Float32Array.of(0.75),
      };
      // Inputs are as they were: the second run finds the same.
      for (let time = 0; time < 2; time++) {
        const { inside, result, constant } = await executable.run(values);
        const worst = values.x.reduce((most, xi, i) => {
          const yi = values.y[i]!;
          return Math.max(
            ...[
              most,
              Math.abs(inside![i]! - (yi - 0.75 * xi)),
              Math.abs(result![i]! - (yi + 0.75 * xi)),
            ],
            Math.abs(constant![i]! - (yi - 0.5 * xi)),
          );
        }, 0);
        expect(worst).toBeLessThan(2e-6);
      }
      await executable.dispose();
    },
  );

  it('takes a product that is needed elsewhere as well', async () => {
    const x = input('x', [40_000]);
    const product = mul(x, scalar(3));
    const executable = await engine.compile({ outputs: { product, total: neg(add(product, x)) } });
    const { product: found, total } = await executable.run({ x: draw(40_000, 2) });
    expect(total!.every((value, i) => Math.abs(value + (4 / 3) * found![i]!) < 1e-5)).toBe(true);
    await executable.dispose();
  });
});

describe('a sum of squares', () => {
  it('is found over all axes and over some, and left alone where factors differ', async () => {
    const [x, y] = [input('x', [200, 300]), input('y', [200, 300])];
    const outputs = {
      all: sum(mul(x, x)),
      rows: sum(mul(x, x), { axes: [1] }),
      other: sum(mul(x, y)),
    };
    expect(operators(outputs).filter((name) => name === 'sumOfSquares')).toHaveLength(2);
    const executable = await engine.compile({ outputs });
    const values = { x: draw(60_000, 4), y: draw(60_000, 5) };
    const { all, rows, other } = await executable.run(values);
    const rowSum = (row: number) =>
      values.x.slice(300 * row, 300 * (row + 1)).reduce((s, v) => s + v * v, 0);
    const expected = Array.from({ length: 200 }, (_, row) => rowSum(row));
    expected.forEach((value, row) => {
      expect(rows![row]! / value).toBeCloseTo(1, 5);
    });
    expect(all![0]! / expected.reduce((s, v) => s + v, 0)).toBeCloseTo(1, 5);
    expect(other![0]!).toBeCloseTo(
      values.x.reduce((s, v, i) => s + v * values.y[i]!, 0),
      2,
    );
    await executable.dispose();
  });
});
