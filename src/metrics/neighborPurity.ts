/** How far clusters keep nearest neighbours together. */

export interface NeighborPurity {
  /** Mean share of a row's nearest neighbours that are in its cluster, 0 to 1. */
  readonly consistency: number;
  /** What clusters of these sizes would give if drawn at random. */
  readonly chance: number;
}

/** Share of neighbours in the same cluster, of rows whose neighbours are rows of the same list: clusters `[N]`. */
export function neighborPurity(
  { k, indices }: { readonly k: number; readonly indices: ArrayLike<number> },
  clusters: Int32Array,
): NeighborPurity {
  const count = clusters.length;
  const sizes = new Map<number, number>();
  let same = 0;
  clusters.forEach((own, row) => {
    sizes.set(own, (sizes.get(own) ?? 0) + 1);
    for (let j = row * k; j < (row + 1) * k; j++) if (clusters[indices[j]!] === own) same++;
  });
  let chance = 0;
  for (const size of sizes.values()) chance += (size / count) * ((size - 1) / (count - 1));
  return { consistency: same / (count * k), chance };
}

/**
 * A share as far as it is more than chance: `(share - chance) / (1 - chance)`, 1 at best, 0 at chance (also where chance
 * alone gives everything). The form of Cohen's kappa, 1960.
 */
export function aboveChance(share: number, chance: number): number {
  return chance >= 1 ? 0 : (share - chance) / (1 - chance);
}
