/** Weighted graphs as symmetric sparse matrices. */

/** Symmetric sparse matrix of weights, in compressed rows. */
export interface Graph {
  /** `[N + 1]`, index of the first entry of each row. */
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly weights: Float64Array;
}

/** Stores the weights of each vertex to others in compressed rows. */
export function graphOf(rows: readonly ReadonlyMap<number, number>[]): Graph {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach((edges, row) => {
    starts[row + 1] = starts[row]! + edges.size;
  });
  const columns = new Int32Array(starts[rows.length]!);
  const weights = new Float64Array(starts[rows.length]!);
  rows.forEach((edges, row) => {
    let at = starts[row]!;
    for (const [other, weight] of edges) {
      columns[at] = other;
      weights[at++] = weight;
    }
  });
  return { starts, columns, weights };
}
