/**
 * Louvain communities: published values of Zachary's karate club and of a ring of cliques, and
 * properties of random graphs.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf } from './graph.ts';
import { assortativity, louvain, modularity } from './louvain.ts';

type Edge = readonly [number, number, number?];

function graph(count: number, edges: Iterable<Edge>) {
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  for (const [a, b, weight = 1] of edges) {
    rows[a]!.set(b, weight);
    rows[b]!.set(a, weight);
  }
  return graphOf(rows);
}

// Zachary, "An information flow model for conflict and fission in small groups", 1977, numbered
// from 0.
const karate = graph(
  34,
  `0-1 0-2 0-3 0-4 0-5 0-6 0-7 0-8 0-10 0-11 0-12 0-13 0-17 0-19 0-21 0-31 1-2 1-3 1-7 1-13
   1-17 1-19 1-21 1-30 2-3 2-7 2-27 2-28 2-32 2-9 2-8 2-13 3-7 3-12 3-13 4-6 4-10 5-6 5-10
   5-16 6-16 8-30 8-32 8-33 9-33 13-33 14-32 14-33 15-32 15-33 18-32 18-33 19-33 20-32 20-33
   22-32 22-33 23-25 23-27 23-32 23-33 23-29 24-25 24-27 24-31 25-31 26-29 26-33 27-33 28-31
   28-33 29-32 29-33 30-32 30-33 31-32 31-33 32-33`
    .trim()
    .split(/\s+/)
    .map((edge) => edge.split('-').map(Number) as [number, number]),
);

/** Thirty cliques of five vertices, each joined to the next by one edge. */
const ring = graph(
  150,
  Array.from({ length: 30 }, (_, c): Edge[] => [
    ...Array.from({ length: 10 }, (_, i): Edge => {
      const [a, b] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3].map((a, at) => [
        a,
        [1, 2, 3, 4, 2, 3, 4, 3, 4, 4][at]!,
      ])[i]!;
      return [5 * c + a!, 5 * c + b!];
    }),
    [5 * c, (5 * (c + 1) + 1) % 150],
  ]).flat(),
);
const cliques = Int32Array.from({ length: 150 }, (_, i) => Math.floor(i / 5));
const pairs = cliques.map((clique) => Math.floor(clique / 2));

describe('modularity', () => {
  it('equals the values of igraph and of the paper', () => {
    // python-igraph 0.10.2: Graph.Famous('Zachary').modularity of the two factions and of the
    // optimum, which community_optimal_modularity finds.
    const factions = Int32Array.from('0000000011000011001010111111111111', Number);
    expect(modularity(karate, factions)).toBeCloseTo(0.37146614069691, 12);
    const optimum = Int32Array.from('0000111022100022102020233323322322', Number);
    expect(modularity(karate, optimum)).toBeCloseTo(0.4197896120973046, 12);
    // Fortunato and Barthélemy 2007, figure 3: .876 for the cliques and .888 for pairs of them.
    expect(modularity(ring, cliques)).toBeCloseTo(0.876, 3);
    expect(modularity(ring, pairs)).toBeCloseTo(0.888, 3);
  });

  it('of one group is 1 - γ, and 0 without edges', () => {
    const one = new Int32Array(34);
    expect(modularity(karate, one)).toBeCloseTo(0, 12);
    expect(modularity(karate, one, 0.25)).toBeCloseTo(0.75, 12);
    expect(modularity(graph(3, []), new Int32Array(3))).toBe(0);
  });
});

describe('assortativity', () => {
  it('equals the value of igraph, and is 1 only without edges between groups', () => {
    // python-igraph 0.10.2: Graph.assortativity_nominal, for the two factions.
    const factions = Int32Array.from('0000000011000011001010111111111111', Number);
    expect(assortativity(karate, factions)).toBeCloseTo(0.743421052631579, 12);
    const apart = graph(5, [
      [0, 1],
      [2, 3],
      [3, 4],
    ]);
    expect(assortativity(apart, Int32Array.of(0, 0, 1, 1, 1))).toBeCloseTo(1, 12);
    expect(assortativity(apart, Int32Array.of(0, 0, 0, 0, 0))).toBe(0);
    expect(assortativity(apart, Int32Array.of(0, 1, 1, 0, 1))).toBeLessThan(0);
    expect(assortativity(graph(3, []), new Int32Array(3))).toBe(0);
  });
});

describe('louvain', () => {
  it('comes near the optimum of the karate club in every order, and reaches it in one', () => {
    const found = Array.from({ length: 20 }, (_, seed) =>
      modularity(karate, louvain(karate, { seed })),
    );
    // igraph's multilevel method finds .392 to .420 in six orders.
    expect(Math.min(...found)).toBeGreaterThan(0.38);
    expect(Math.max(...found)).toBeCloseTo(0.4197896120973046, 12);
  });

  it('has a resolution limit, which a larger γ moves', () => {
    // At γ = 1 pairs of cliques have the larger modularity, at γ = 2 single cliques.
    expect(new Set(louvain(ring)).size).toBeLessThan(20);
    expect(louvain(ring, { resolution: 2 })).toEqual(cliques);
  });

  it('leaves vertices without edges alone, and takes weights into account', () => {
    expect([...louvain(graph(3, []))]).toEqual([0, 1, 2]);
    const weighted = (middle: number) =>
      graph(4, [
        [0, 1, 3],
        [2, 3, 3],
        [1, 2, middle],
      ]);
    expect([...louvain(weighted(1))]).toEqual([0, 0, 1, 1]);
    expect(new Set(louvain(weighted(40), { seed: 3 })).size).not.toBe(4);
    expect(louvain(weighted(40))[1]).toBe(louvain(weighted(40))[2]);
  });

  it('finds groups that no merging of two improves, in any order', () => {
    const edges = fc.array(
      fc.tuple(fc.nat(11), fc.nat(11), fc.double({ min: 0.1, max: 4, noNaN: true })),
      {
        minLength: 4,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(edges, fc.nat(99), fc.constantFrom(0.5, 1, 2), (drawn, seed, resolution) => {
        const random = graph(
          12,
          drawn.filter(([a, b]) => a !== b),
        );
        const groups = louvain(random, { seed, resolution });
        const reached = modularity(random, groups, resolution);
        const alone = Int32Array.from({ length: 12 }, (_, i) => i);
        expect(reached).toBeGreaterThanOrEqual(modularity(random, alone, resolution) - 1e-9);
        // Numbered by first vertex, without gaps.
        groups.forEach((group, i) => {
          expect(group).toBeLessThanOrEqual(Math.max(-1, ...groups.slice(0, i)) + 1);
        });
        // Merging two groups does not improve them: the last level has no move that gains.
        const count = Math.max(...groups) + 1;
        for (let a = 0; a < count; a++) {
          for (let b = a + 1; b < count; b++) {
            const merged = groups.map((group) => (group === b ? a : group));
            expect(modularity(random, merged, resolution)).toBeLessThanOrEqual(reached + 1e-9);
          }
        }
        expect(louvain(random, { seed, resolution })).toEqual(groups);
      }),
    );
  });

  it('refuses a resolution that is not positive', () => {
    expect(() => louvain(karate, { resolution: 0 })).toThrow('resolution: received 0; expected');
  });
});
