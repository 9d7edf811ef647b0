/** The graph of shared neighbors: values by hand, and properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jaccardGraph } from './neighborGraph.ts';

function edgesOf({ starts, columns, weights }: ReturnType<typeof jaccardGraph>) {
  return Object.fromEntries(
    Array.from(columns, (column, e) => {
      const row = starts.findIndex((start) => start > e) - 1;
      return [`${row}-${column}`, weights[e]!] as const;
    }),
  );
}

describe('jaccardGraph', () => {
  it('weighs an edge by the shared part of two closed neighborhoods', () => {
    // 0, 1 and 2 are neighbors of each other, and 3 lists two of them without being listed:
    // {0, 1, 2} of 3 rows are shared by 0 and 1, and {1, 2} of 4 rows by 1 and 3.
    const graph = edgesOf(jaccardGraph({ k: 2, indices: [1, 2, 0, 2, 0, 1, 1, 2] }, 4));
    expect(graph).toEqual({
      ...{ '0-1': 1, '0-2': 1, '1-0': 1, '1-2': 1, '2-0': 1, '2-1': 1 },
      ...{ '1-3': 0.5, '3-1': 0.5, '2-3': 0.5, '3-2': 0.5 },
    });
  });

  it('is symmetric, with weights above 0 and at most 1, and every listed neighbor', () => {
    const lists = fc.array(fc.uniqueArray(fc.nat(8), { minLength: 2, maxLength: 2 }), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(lists, (drawn) => {
        const indices = drawn.flatMap((list, row) =>
          list.map((other) => (other === row ? 9 : other)),
        );
        if (indices.some((other, i) => other === Math.floor(i / 2))) return;
        const graph = edgesOf(jaccardGraph({ k: 2, indices }, 10));
        for (const [edge, weight] of Object.entries(graph)) {
          expect(graph[edge.split('-').reverse().join('-')]).toBe(weight);
          expect(weight).toBeGreaterThan(0);
          expect(weight).toBeLessThanOrEqual(1);
        }
        indices.forEach((other, i) => {
          expect(graph[`${Math.floor(i / 2)}-${other}`]).toBeDefined();
        });
      }),
    );
  });
});
