/**
 * Graph of nearest neighbors, weighted by the neighbors that two rows share.
 *
 * Rows i and j are connected where one is among the k nearest neighbors of the other. With the
 * closed neighborhood N(i), the row itself and its neighbors, the weight is Jaccard's index
 *
 *     w_ij = |N(i) ∩ N(j)| / |N(i) ∪ N(j)|
 *
 * Rows of one group share neighbors, and a row between two groups shares few with either.
 *
 * Source: Levine et al., "Data-driven phenotypic dissection of AML reveals progenitor-like cells
 * that correlate with prognosis", 2015 (PhenoGraph). Difference: a neighborhood has its own row, so
 * that every edge has a weight above 0.
 */
import type { NeighborLists } from '../metrics/index.ts';
import type { Graph } from './graph.ts';
import { graphOf } from './graph.ts';

/**
 * Builds the graph of `count` rows from lists of their nearest neighbors, without the rows
 * themselves. Each edge is present in both directions, with weights above 0 and at most 1.
 */
export function jaccardGraph({ k, indices }: NeighborLists, count: number): Graph {
  const closed = Array.from({ length: count }, (_, row) => {
    const members = new Set<number>([row]);
    for (let i = row * k; i < (row + 1) * k; i++) members.add(indices[i]!);
    return members;
  });
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  closed.forEach((members, row) => {
    for (const other of members) {
      if (other === row || rows[row]!.has(other)) continue;
      const theirs = closed[other]!;
      let shared = 0;
      for (const member of members) if (theirs.has(member)) shared++;
      const weight = shared / (members.size + theirs.size - shared);
      rows[row]!.set(other, weight);
      rows[other]!.set(row, weight);
    }
  });
  return graphOf(rows);
}

/** Builds the graph in which two rows have weight 1 where either is a neighbor of the other. */
export function binaryGraph({ k, indices }: NeighborLists): Graph {
  const count = indices.length / k;
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  for (let i = 0; i < indices.length; i++) {
    const [row, other] = [Math.floor(i / k), indices[i]!];
    rows[row]!.set(other, 1);
    rows[other]!.set(row, 1);
  }
  return graphOf(rows);
}
