/**
 * Groups rows by cluster, each group by rising rank: cluster int32 [N], rank float32 [N]. Two
 * counting passes; only the groups are sorted.
 */
export function groupRows(
  cluster: ArrayLike<number>,
  rank: ArrayLike<number>,
): Map<number, Int32Array> {
  const sizes = new Map<number, number>();
  for (let row = 0; row < cluster.length; row++) {
    sizes.set(cluster[row]!, (sizes.get(cluster[row]!) ?? 0) + 1);
  }
  const groups = new Map<number, Int32Array>();
  const filled = new Map<number, number>();
  for (const [key, size] of sizes) groups.set(key, new Int32Array(size));
  for (let row = 0; row < cluster.length; row++) {
    const at = filled.get(cluster[row]!) ?? 0;
    groups.get(cluster[row]!)![at] = row;
    filled.set(cluster[row]!, at + 1);
  }
  for (const rows of groups.values()) rows.sort((a, b) => rank[a]! - rank[b]! || a - b);
  return groups;
}
