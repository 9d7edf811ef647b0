import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { covariance, spectrum } from './covariance.ts';
import { featuresOf } from './features.ts';
import { principalAxes } from './principal.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Rows whose column d has a deviation of `2^-d`, mixed by a shear. */
function rows(count: number, dimension: number) {
  const random = randomAt(1, 'synthetic');
  const data = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++)
    for (let d = 0; d < dimension; d++)
      data[row * dimension + d] =
        3 + random.normal() * 2 ** -d + (d > 0 ? 0.3 * data[row * dimension + d - 1]! : 0);
  return featuresOf(data, dimension);
}

describe('principalAxes', () => {
  for (const [name, count, dimension] of [
    ['more rows than columns', 200, 12],
    ['fewer rows than columns', 14, 40],
  ] as const) {
    it(`equals the eigendecomposition of the covariance with ${name}`, async () => {
      const features = rows(count, dimension);
      const { values, vectors } = spectrum(await covariance(engine, features));
      const { axes, variances } = await principalAxes(engine, features, {
        components: 4,
        iterations: 30,
      });
      for (let p = 0; p < 4; p++) {
        expect(variances[p]! / values[p]!).toBeCloseTo(1, 3);
        let product = 0;
        for (let d = 0; d < dimension; d++)
          product += axes[p * dimension + d]! * vectors[p * dimension + d]!;
        expect(Math.abs(product)).toBeCloseTo(1, 3);
      }
    });
  }

  it('leaves axes at 0 that the rows do not have', async () => {
    const features = rows(3, 20);
    const { axes, variances } = await principalAxes(engine, features, { components: 5 });
    expect(variances.length).toBe(5);
    // Three rows around their mean span two dimensions.
    expect(axes.subarray(2 * 20).every((value) => value === 0)).toBe(true);
  });
});
