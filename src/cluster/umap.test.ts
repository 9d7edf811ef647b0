/** The parts of UMAP, by their definitions and by constants of umap-learn. */
import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { curveOf, fuzzyGraph, layoutGraph } from './umap.ts';

describe('curveOf', () => {
  it('gives the constants of umap-learn', () => {
    // umap.umap_.find_ab_params(1.0, minDist) of umap-learn 0.5, which fits with SciPy.
    const { a, b } = curveOf(0.1);
    expect(a).toBeCloseTo(1.5769434603113077, 4);
    expect(b).toBeCloseTo(0.8950608779109733, 4);
    const wide = curveOf(0.5);
    expect(wide.a).toBeCloseTo(0.5830300205483709, 4);
    expect(wide.b).toBeCloseTo(1.334166992455648, 4);
  });
});

describe('fuzzyGraph', () => {
  const k = 4;
  /** Rows 1 to 5 are neighbors of each other, and row 0 is a neighbor of none. */
  const graph = fuzzyGraph({
    ...{ count: 6, k },
    indices: Int32Array.from([0, 1, 2, 3, 4, 5].flatMap((row) => nearOf(row))),
    distances: Float32Array.from([0, 1, 2, 3, 4, 5].flatMap((row) => [0.1, 0.2, 0.5, 0.9 + row])),
  });
  function nearOf(row: number): number[] {
    return [1, 2, 3, 4, 5].filter((other) => other !== row).slice(0, k);
  }
  const edges = [...graph.weights.keys()].map((e) => ({
    ...{ head: graph.heads[e]!, tail: graph.tails[e]!, weight: graph.weights[e]! },
  }));

  it('has each edge once in both directions, with one weight up to 1', () => {
    const keys = edges.map(({ head, tail }) => `${head} ${tail}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { head, tail, weight } of edges) {
      expect(weight).toBeGreaterThan(0);
      expect(weight).toBeLessThanOrEqual(1);
      const back = edges.find((other) => other.head === tail && other.tail === head);
      expect(back?.weight).toBe(weight);
    }
    expect(edges.filter(({ head }) => head === 0)).toHaveLength(k);
  });

  it('gives the memberships of a row the sum log2(k + 1)', () => {
    // No row names row 0, so its edges have its own memberships.
    const own = edges.filter(({ head }) => head === 0).map(({ weight }) => weight);
    expect(own.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(Math.log2(k + 1), 4);
    expect(Math.max(...own)).toBe(1);
  });

  it('joins both directions as a + b - ab', () => {
    /** Weight of the edge between rows 0 and 3, each of which may name another row instead. */
    const weight = (of0: number, of3: number) => {
      const found = fuzzyGraph({
        ...{ count: 6, k: 3 },
        indices: Int32Array.from([1, 2, of0, 0, 2, 4, 0, 1, 4, 1, 2, of3, 1, 2, 5, 1, 2, 4]),
        distances: Float32Array.from([0, 1, 2, 3, 4, 5].flatMap((row) => [1, 2, 3 + row / 9])),
      });
      const at = found.weights.findIndex((_, e) => found.heads[e] === 0 && found.tails[e] === 3);
      return found.weights[at]!;
    };
    const [a, b] = [weight(3, 5), weight(5, 0)];
    expect(a).not.toBe(b);
    expect(weight(3, 0)).toBeCloseTo(a + b - a * b, 6);
    expect(weight(3, 0)).toBeLessThan(1);
  });
});

describe('layoutGraph', () => {
  it('pulls the ends of an edge together and pushes other rows apart', () => {
    const places = Float32Array.from([0, 0, 4, 0, 0.1, 0.1, 0, 4]);
    const between = (i: number, j: number) =>
      Math.hypot(places[2 * i]! - places[2 * j]!, places[2 * i + 1]! - places[2 * j + 1]!);
    const edges = {
      heads: Int32Array.from([0, 1, 2, 3]),
      tails: Int32Array.from([1, 0, 3, 2]),
      weights: Float32Array.from([1, 1, 1, 1]),
    };
    const layout = layoutGraph(edges, places, {
      ...{ curve: curveOf(0.1), passes: 200, rate: 1, random: randomAt(0, 'layout2d') },
    });
    for (let pass = 0; pass < 200; pass++) layout.pass();
    expect(Math.max(between(0, 1), between(2, 3))).toBeLessThan(2);
    expect(Math.min(between(0, 2), between(1, 3))).toBeGreaterThan(3);
  });
});
