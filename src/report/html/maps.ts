/** Maps of features: one dot per image, one path and color per cluster. */

import { plural } from '../../core/text.ts';
import type { FeatureMap, FeatureMaps } from '../../run/index.ts';
import { clusterColor, clusterDot } from './clusterColor.ts';
import { escapeHtml } from './text.ts';

const SIDE = 300;
const EDGE = 8;

/** Draws the maps side by side. */
export function mapsHtml({ ids, maps }: FeatureMaps): string {
  const measured = maps.some(({ nmi }) => nmi !== undefined);
  return `<p class="note">${plural(ids.length, 'image')}${maps.length > 1 ? ', the same on each map' : ''}. Nearby points have similar features; distances between groups are not meaningful. Colors are the clusters${maps.length > 1 ? ' at that step' : ''}${measured ? ', and NMI compares them with the labels' : ''}.</p>
<div class="maps">${maps.map(mapSvg).join('\n')}</div>${keyHtml(maps.at(-1)!)}`;
}

/** Names the clusters of the last map by their colors, linked to their cards. */
function keyHtml({ clusters }: FeatureMap): string {
  const numbers = [...new Set(clusters)].sort((a, b) => a - b);
  const items = numbers.map(
    (cluster) => `<a href="#cluster-${cluster}">${clusterDot(cluster)}${cluster}</a>`,
  );
  return `<p class="legend" aria-label="Clusters by color">${items.join('')}</p>`;
}

function mapSvg({ title, places, clusters, nmi }: FeatureMap): string {
  const figure = nmi === undefined ? '' : ` NMI <b>${nmi.toFixed(3)}</b>`;
  const [x, y] = [0, 1].map((axis) => scaleOf(places, axis)) as [Scale, Scale];
  const dots = new Map<number, string>();
  clusters.forEach((cluster, i) => {
    const at = `M${x(places[2 * i]!)} ${y(places[2 * i + 1]!)}h0`;
    dots.set(cluster, (dots.get(cluster) ?? '') + at);
  });
  const paths = [...dots]
    .sort(([a], [b]) => a - b)
    .map(
      ([cluster, d]) =>
        `<path style="stroke:${clusterColor(cluster)}" d="${d}"><title>Cluster ${cluster}</title></path>`,
    );
  return `<figure><figcaption>${escapeHtml(title)}${figure}</figcaption><svg class="map" viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="Features ${escapeHtml(title)}${nmi === undefined ? '' : `, NMI ${nmi.toFixed(3)}`}">${paths.join('')}</svg></figure>`;
}

type Scale = (value: number) => string;

/** Scales one coordinate to the width of the map. */
function scaleOf(places: ArrayLike<number>, axis: number): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (let i = axis; i < places.length; i += 2) {
    low = Math.min(low, places[i]!);
    high = Math.max(high, places[i]!);
  }
  const size = high - low || 1;
  return (value) => (EDGE + ((value - low) / size) * (SIDE - 2 * EDGE)).toFixed(1);
}
