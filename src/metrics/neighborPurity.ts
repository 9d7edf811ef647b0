/** Neighbor purity: the fraction of nearest neighbors that share a cluster. */

export interface NeighborPurity {
  /** Mean fraction of a row's nearest neighbors that are in its cluster, 0 to 1. */
  readonly consistency: number;
  /** Expected value for random clusters of the same sizes. */
  readonly chance: number;
}

/** Nearest neighbors of N rows among themselves. */
export interface NeighborLists {
  /** Neighbors per row. */
  readonly k: number;
  /** `[N, k]`, row indices. */
  readonly indices: ArrayLike<number>;
}

/**
 * Computes the neighbor purity of clusters `[N]`.
 *
 * - Range: 0 to 1. 1: all neighbors share a cluster. `chance`: the mean of random clusters. 0: no
 *   neighbors do.
 * - Invariant to renaming the clusters. A single cluster gives 1, and so does its `chance`.
 */
export function neighborPurity(
  { k, indices }: NeighborLists,
  assignments: Int32Array,
): NeighborPurity {
  const count = assignments.length;
  const sizes = new Map<number, number>();
  let same = 0;
  assignments.forEach((own, row) => {
    sizes.set(own, (sizes.get(own) ?? 0) + 1);
    for (let j = row * k; j < (row + 1) * k; j++) if (assignments[indices[j]!] === own) same++;
  });
  let chance = 0;
  for (const size of sizes.values()) chance += (size / count) * ((size - 1) / (count - 1));
  return { consistency: same / (count * k), chance };
}

/**
 * Corrects a fraction for chance, `(value - chance) / (1 - chance)`.
 *
 * Range: at most 1. 0: chance level; also where chance alone gives 1. Negative: below chance. The
 * form of Cohen's kappa, 1960.
 *
 * @example aboveChance(0.75, 0.5) // 0.5
 * @example aboveChance(0.5, 0.5) // 0
 */
export function aboveChance(value: number, chance: number): number {
  return chance >= 1 ? 0 : (value - chance) / (1 - chance);
}
