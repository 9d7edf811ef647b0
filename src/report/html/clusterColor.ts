/**
 * Chooses distinct colors for any number of clusters: hues by the golden angle, three lightnesses
 * in turn.
 */
export function clusterColor(cluster: number): string {
  const hue = (cluster * 137.508 + 215) % 360;
  return `hsl(${hue.toFixed(0)} 62% ${[48, 62, 36][cluster % 3]}%)`;
}

/** Formats a dot in the color that a cluster has on the maps. */
export function clusterDot(cluster: number): string {
  return `<i class="dot" style="background:${clusterColor(cluster)}"></i>`;
}
