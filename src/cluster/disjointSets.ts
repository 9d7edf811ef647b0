/** Partition of rows that starts with one set per row, and joins sets. */
export interface DisjointSets {
  /** Representative of a row's set: its first row. */
  rootOf(row: number): number;
  /** Joins the sets of two rows; false where they are one set already. */
  join(a: number, b: number): boolean;
  /** Number of sets. */
  readonly count: number;
  /** Set of each row, `[N]`, numbered by their first row. */
  numbered(): Int32Array;
}

/**
 * Creates the partition of N rows.
 *
 * @example
 * const sets = disjointSets(3);
 * sets.join(0, 2);
 * sets.numbered(); // [0, 1, 0]
 */
export function disjointSets(size: number): DisjointSets {
  const parents = Int32Array.from({ length: size }, (_, row) => row);
  let count = size;
  function rootOf(row: number): number {
    let root = row;
    while (parents[root] !== root) root = parents[root]!;
    // Path compression.
    for (let at = row; at !== root; ) [at, parents[at]] = [parents[at]!, root];
    return root;
  }
  return {
    rootOf,
    join(a, b) {
      const [x, y] = [rootOf(a), rootOf(b)];
      if (x === y) return false;
      parents[Math.max(x, y)] = Math.min(x, y);
      count--;
      return true;
    },
    get count() {
      return count;
    },
    numbered() {
      const numbers = new Map<number, number>();
      return Int32Array.from({ length: size }, (_, row) => {
        const root = rootOf(row);
        if (!numbers.has(root)) numbers.set(root, numbers.size);
        return numbers.get(root)!;
      });
    },
  };
}
