/** The classical clusterings: golden values of scipy and numpy, and what must hold of any data. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { adjustedRand } from '../metrics/index.ts';
import {
  agglomerativeClusters,
  covariance,
  featuresOf,
  leadingEigenvectors,
  nmf,
  principal,
  spectralClusters,
  spectrum,
  wardCut,
} from './index.ts';
import { affinityGraph } from './spectral.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** `count` rows around each of some centers. */
function blobs(centers: readonly (readonly number[])[], count: number, spread: number) {
  const random = randomAt(0, 'synthetic', 1);
  const rows = centers.flatMap((center) =>
    Array.from({ length: count }, () => center.map((value) => value + random.normal(0, spread))),
  );
  const truth = Int32Array.from(rows, (_, i) => Math.floor(i / count));
  return { features: featuresOf(Float32Array.from(rows.flat()), centers[0]!.length), truth };
}

describe('leading eigenvectors', () => {
  it('of a diagonal, with a value that is there three times', () => {
    const diagonal = Float64Array.from({ length: 60 }, (_, i) => (i < 3 ? 5 : 4 - i / 20));
    const { values, vectors, residual } = leadingEigenvectors(
      (x) => x.map((v, i) => v * diagonal[i]!),
      {
        size: 60,
        count: 5,
      },
    );
    expect(residual).toBeLessThan(1e-5);
    for (const [i, value] of [5, 5, 5, 3.85, 3.8].entries())
      expect(values[i]).toBeCloseTo(value, 6);
    // The three of value 5 span the first three axes.
    for (const vector of vectors.slice(0, 3)) {
      expect(vector.slice(0, 3).reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 6);
    }
  });

  it('do not change with the scale of the operator, nor does the residual', () => {
    const diagonal = Float64Array.from({ length: 50 }, (_, i) => 1 / (1 + i));
    const of = (scale: number) =>
      leadingEigenvectors((x) => x.map((v, i) => scale * diagonal[i]! * v), { size: 50, count: 3 });
    const [plain, large] = [of(1), of(2 ** 20)];
    expect(large.residual).toBe(plain.residual);
    expect(large.vectors).toEqual(plain.vectors);
    expect(large.values.map((value) => value / 2 ** 20)).toEqual(plain.values);
  });

  it('are orthogonal where one value exceeds all others by far', () => {
    const diagonal = Float64Array.from({ length: 40 }, (_, i) => (i === 0 ? 1e9 : 1 + i / 40));
    const options = { size: 40, count: 4, tolerance: 0, restarts: 3 };
    const { vectors } = leadingEigenvectors((x) => x.map((v, i) => diagonal[i]! * v), options);
    vectors.forEach((u, a) => {
      vectors.slice(a + 1).forEach((v) => {
        expect(Math.abs(u.reduce((sum, x, i) => sum + x * v[i]!, 0))).toBeLessThan(1e-12);
      });
    });
  });

  it('are of length 1, orthogonal, and fulfil A v = lambda v, for any symmetric matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 0, max: 99 }), (n, seed) => {
        const random = randomAt(seed, 'synthetic', 2);
        const A = Array.from({ length: n }, () => new Float64Array(n));
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) A[i]![j] = A[j]![i] = random.normal();
        const apply = (x: Float64Array) =>
          Float64Array.from(A, (row) => row.reduce((s, a, j) => s + a * x[j]!, 0));
        const count = Math.min(3, n);
        const { values, vectors } = leadingEigenvectors(apply, {
          size: n,
          count,
          seed,
          tolerance: 1e-8,
        });
        vectors.forEach((v, a) => {
          for (const [i, value] of apply(v).entries())
            expect(value).toBeCloseTo(values[a]! * v[i]!, 5);
          vectors.forEach((u, b) => {
            expect(v.reduce((s, x, i) => s + x * u[i]!, 0)).toBeCloseTo(a === b ? 1 : 0, 8);
          });
        });
      }),
      { numRuns: 20 },
    );
  });
});

describe("Ward's tree", () => {
  // scipy.cluster.hierarchy.linkage(points, 'ward'), fcluster(…, 'maxclust').
  const points = [0, 0.4, 1.1, 4, 4.3, 5.2, 9, 9.1, 2.4, 7];
  const squared = () => Float64Array.from(points.flatMap((a) => points.map((b) => (a - b) ** 2)));
  it.each([
    [2, [2, 2, 2, 2, 2, 2, 1, 1, 2, 1]],
    [3, [3, 3, 3, 2, 2, 2, 1, 1, 3, 1]],
    [4, [4, 4, 4, 3, 3, 3, 1, 1, 4, 2]],
    [6, [5, 5, 5, 3, 3, 4, 1, 1, 6, 2]],
  ])('cut at %i clusters is that of scipy', (k, expected) => {
    const clusters = wardCut(squared(), points.length, k);
    expect(new Set(clusters).size).toBe(k);
    expect(adjustedRand(clusters, Int32Array.from(expected))).toBe(1);
  });

  it('is cut where all distances are equal', () => {
    const equal = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 0 : 1));
    expect(new Set(wardCut(equal, 6, 2)).size).toBe(2);
    expect([...wardCut(equal.fill(0), 6, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  const corners = [
    [0, 0, 5],
    [5, 0, 0],
    [0, 9, 0],
  ];
  it('finds separate groups whose products fill several blocks', async () => {
    // 1,500 x 1,500 distances are two blocks; 21,000 rows to the nearest mean as well.
    const some = blobs(corners, 500, 0.5);
    const whole = await agglomerativeClusters(some.features, 3, { engine });
    expect(adjustedRand(some.truth, whole)).toBe(1);
    const many = blobs(corners, 7000, 0.5);
    const rest = await agglomerativeClusters(many.features, 3, { engine, sample: 60 });
    expect(adjustedRand(many.truth, rest)).toBe(1);
  });

  it('of a sample, the rest to the nearest mean, finds separate groups', async () => {
    const { features, truth } = blobs(
      [
        [0, 0, 5],
        [5, 0, 0],
        [0, 9, 0],
      ],
      70,
      0.5,
    );
    await expect(agglomerativeClusters(features, 211, { engine })).rejects.toThrow(
      'k = 211 for 210 rows',
    );
    const each = await agglomerativeClusters([[3], [1], [2]], 3, { engine });
    expect([...each]).toEqual([0, 1, 2]);
    for (const sample of [60, 1000]) {
      const clusters = await agglomerativeClusters(features, 3, { engine, sample });
      expect(adjustedRand(truth, clusters), `${sample}`).toBe(1);
    }
  });
});

describe('spectral clustering', () => {
  it("joins rows in both directions with one weight, also where only one is the other's neighbor", () => {
    // 2 names 1, but 1 names 0: with one neighbor each, the scales are the distances themselves.
    const near = {
      k: 1,
      indices: Int32Array.of(1, 0, 1),
      similarities: Float32Array.of(0.5, 0.5, -0.25),
    };
    const { starts, columns, weights } = affinityGraph(near, 3);
    expect([...starts]).toEqual([0, 1, 3, 4]);
    expect([...columns]).toEqual([1, 0, 2, 1]);
    const [d01, d12] = [1, Math.sqrt(2.5)]; // sqrt(2 - 2 cos)
    const expected = [
      Math.exp(-1),
      Math.exp(-1),
      Math.exp(-(d12 ** 2) / (d01 * d12)),
      Math.exp(-d12),
    ];
    for (const [i, value] of expected.entries()) expect(weights[i]).toBeCloseTo(value, 6);
  });

  it('joins equal rows where it has one cluster less than rows, and none with as many', async () => {
    const rows = featuresOf(Float32Array.of(1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1), 3);
    const three = await spectralClusters(rows, 3, { engine });
    expect(adjustedRand([0, 0, 1, 2], three)).toBe(1);
    expect([...(await spectralClusters(rows, 4, { engine }))]).toEqual([0, 1, 2, 3]);
  });

  it('follows rings of directions that no center describes', async () => {
    // Three circles on the sphere around one axis: k-means cuts them like a cake, the graph follows
    // them.
    const random = randomAt(0, 'synthetic', 3);
    const rows = [0.25, 0.8, 1.35].flatMap((polar) =>
      Array.from({ length: 120 }, (_, i) => {
        const [around, up] = [(i / 120) * 2 * Math.PI, polar + random.normal(0, 0.01)];
        return [Math.sin(up) * Math.cos(around), Math.sin(up) * Math.sin(around), Math.cos(up)];
      }),
    );
    const features = featuresOf(Float32Array.from(rows.flat()), 3);
    const truth = Int32Array.from(rows, (_, i) => Math.floor(i / 120));
    const clusters = await spectralClusters(features, 3, { engine, neighbors: 6 });
    expect(adjustedRand(truth, clusters)).toBe(1);
    expect(await spectralClusters(features, 3, { engine, neighbors: 6 })).toEqual(clusters);
  });
});

describe('non-negative factorization', () => {
  const random = randomAt(0, 'synthetic', 4);
  const positive = (n: number) => Array.from({ length: n }, () => random.uniform(0, 1));
  it('finds factors of a product, its error never rising, and parts of length 1', async () => {
    const [W, H] = [positive(30 * 3), positive(3 * 12)];
    const X = Float32Array.from({ length: 30 * 12 }, (_, at) => {
      const [i, d] = [Math.floor(at / 12), at % 12];
      return [0, 1, 2].reduce((sum, r) => sum + W[i * 3 + r]! * H[r * 12 + d]!, 0);
    });
    const { errors, weights, parts } = await nmf(engine, featuresOf(X, 12), {
      rank: 3,
      iterations: 500,
    });
    for (let i = 1; i < errors.length; i++)
      expect(errors[i]).toBeLessThanOrEqual(errors[i - 1]! + 1e-7);
    expect(errors.at(-1)).toBeLessThan(errors[0]! / 300);
    for (let r = 0; r < 3; r++) {
      expect(parts.data.slice(r * 12, (r + 1) * 12).reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(
        1,
        5,
      );
    }
    const product = weights.data
      .slice(0, 3)
      .reduce((sum, w, r) => sum + w * parts.data[r * 12]!, 0);
    expect(product).toBeCloseTo(X[0]!, 1);
    expect(weights.data.every((value) => value >= 0)).toBe(true);
  });

  it('starts with products of about the size of the data, and follows the rule of Lee and Seung', async () => {
    const [N, D, R] = [6, 5, 2];
    const X = Float32Array.from({ length: N * D }, (_, at) => 40 + 30 * Math.sin(at));
    const factors = async (iterations: number) => {
      const { weights, parts, errors } = await nmf(engine, featuresOf(X, D), {
        rank: R,
        iterations,
      });
      return { W: [...weights.data], H: [...parts.data], errors };
    };
    const multiply = (a: number[], b: number[], [n, m, k]: [number, number, number]) =>
      Array.from({ length: n * k }, (_, at) => {
        const [i, j] = [Math.floor(at / k), at % k];
        return Array.from({ length: m }, (_, l) => a[i * m + l]! * b[l * k + j]!).reduce(
          (s, v) => s + v,
        );
      });
    const turned = (a: number[], n: number, m: number) =>
      Array.from({ length: n * m }, (_, at) => a[(at % n) * m + Math.floor(at / n)]!);
    const quotient = (a: number[], b: number[]) => a.map((value, i) => value / b[i]!);
    // Scaling the parts, as the result does, commutes with the updates.
    const [before, after] = [await factors(0), await factors(1)];
    const Wt = turned(before.W, N, R); // [R, N]
    const ofH = quotient(
      multiply(Wt, [...X], [R, N, D]),
      multiply(multiply(Wt, before.W, [R, N, R]), before.H, [R, R, D]),
    );
    const H = before.H.map((value, i) => value * ofH[i]!);
    const Ht = turned(H, R, D); // [D, R]
    const ofW = quotient(
      multiply([...X], Ht, [N, D, R]),
      multiply(before.W, multiply(H, Ht, [R, D, R]), [N, R, R]),
    );
    const W = before.W.map((value, i) => value * ofW[i]!);
    const expected = multiply(W, H, [N, R, D]);
    multiply(after.W, after.H, [N, R, D]).forEach((value, i) => {
      expect(value / expected[i]!).toBeCloseTo(1, 4);
    });
    const square = X.reduce((sum, value) => sum + value ** 2, 0) / X.length;
    expect(after.errors[0]).toBeLessThan(square);
  });

  it('refuses a negative value and a rank that is too large', async () => {
    await expect(
      nmf(engine, featuresOf(Float32Array.of(1, -1, 1, 1), 2), { rank: 1 }),
    ).rejects.toThrow('row 0');
    await expect(
      nmf(engine, featuresOf(Float32Array.of(1, 1, 1, 1), 2), { rank: 3 }),
    ).rejects.toThrow('rank = 3');
    for (const dimension of [2, 4]) {
      const values = featuresOf(new Float32Array(8).fill(1), dimension);
      await expect(nmf(engine, values, { rank: 3 })).rejects.toThrow(
        'expected a whole number from 1 to 2',
      );
    }
  });
});

describe('principal components', () => {
  it('carry the variances of the covariance, one after the other', async () => {
    const random = randomAt(0, 'synthetic', 5);
    const data = Float32Array.from({ length: 200 * 9 }, (_, i) => random.normal(3, 1 + (i % 9)));
    const features = featuresOf(data, 9);
    const z = await principal(engine, features, { components: 3 });
    const of = await covariance(engine, z);
    const { values } = spectrum(await covariance(engine, features));
    for (let p = 0; p < 3; p++) {
      expect(of.matrix[p * 3 + p]! / values[p]!).toBeCloseTo(1, 3);
      expect(of.means[p]).toBeCloseTo(0, 3);
    }
  });
});
