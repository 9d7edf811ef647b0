/** The clusters: a wall of all of them, and a card of example images for each. */
import { plural, showCount } from '../../core/text.ts';
import type { ExampleImage, ReportCluster } from '../../run/index.ts';
import type { ReportClustering } from '../runReport.ts';
import { clusterDot } from './clusterColor.ts';
import { dataUri } from './dataUri.ts';
import { escapeHtml, showShare } from './text.ts';

/** Separation that fills a meter at least: smaller ones are all near 0. */
const LEAST_SCALE = 0.05;
/** Explains the figure beside a cluster's size. */
const SEPARATION =
  'How much nearer its images are to their own cluster than to the next one: ' +
  '1 far apart, 0 on the border, below 0 misplaced';

/**
 * Formats the wall: number, size and color of each cluster, linked to its card. The script adds
 * pictures from the cards.
 */
export function wallHtml({ clusters, names }: ReportClustering): string {
  const tiles = clusters.map((cluster) => {
    const { cluster: number, size, share, doubtful } = cluster;
    const title = `Cluster ${number}: ${plural(size, 'image')} (${showShare(share)}), ${showCount(doubtful)} doubtful`;
    const name = escapeHtml(names?.get(number) ?? String(number));
    return `<li ${dataOf(cluster)}><a href="#cluster-${number}" title="${title}"><span class="mosaic"></span><span class="name">${clusterDot(number)}<b>${name}</b> ${showCount(size)}</span></a></li>`;
  });
  return `<ol class="wall">${tiles.join('\n')}</ol>`;
}

/** Formats the cards one after the other, so that no single string has to hold them. */
export function* cardsHtml({
  clusters,
  names,
  thumbnails,
  members,
}: ReportClustering): Generator<string> {
  const most = Math.max(LEAST_SCALE, ...clusters.map(({ separation = 0 }) => separation));
  for (const cluster of clusters) {
    const shown = withPictures(cluster, thumbnails?.pictures);
    const name = names?.get(cluster.cluster);
    const listed = members !== undefined;
    yield cardHtml(shown, { pictures: thumbnails?.pictures, most, listed, name });
  }
}

/** Keeps examples that have a picture; all of them where no pictures are stored. */
function withPictures(
  cluster: ReportCluster,
  pictures: ReadonlyMap<string, Uint8Array> | undefined,
): ReportCluster {
  if (pictures === undefined) return cluster;
  const shown = (images: readonly ExampleImage[]) =>
    images.filter(({ path }) => pictures.has(path));
  return { ...cluster, typical: shown(cluster.typical), edge: shown(cluster.edge) };
}

interface CardOptions {
  pictures: ReadonlyMap<string, Uint8Array> | undefined;
  /** Largest separation of all clusters: the length of a full meter. */
  most: number;
  /** Marks a page that lists all images. */
  listed: boolean;
  /** Name that a person gave the cluster. */
  name: string | undefined;
}

function cardHtml(example: ReportCluster, { pictures, most, listed, name }: CardOptions): string {
  const { cluster, size, share, separation, doubtful, typical, edge } = example;
  const shown = typical.length + edge.length;
  const title = name === undefined ? `Cluster ${cluster}` : escapeHtml(name);
  const grid = (images: readonly ExampleImage[]) =>
    `<ul class="grid">${images.map((image) => imageHtml(image, cluster, pictures?.get(image.path))).join('\n')}</ul>`;
  const anyDoubtful = edge.length > 0 || typical.some((image) => image.doubtful);
  const more = listed
    ? `<button class="more" type="button" data-cluster="${cluster}" hidden>All ${showCount(size)}</button>`
    : '';
  return `<section class="card${anyDoubtful ? '' : ' sure'}" id="cluster-${cluster}" ${dataOf(example)}>
<div class="head"><h3>${clusterDot(cluster)}${title}<small>${plural(size, 'image')}, ${showShare(share)}</small></h3>
${separation === undefined ? '' : separationHtml(separation, most)}
${doubtful > 0 ? `<span class="stat q"><b>${showCount(doubtful)}</b> doubtful</span>` : ''}
${size > shown ? `<span class="stat">${showCount(shown)} shown</span>${more}` : ''}</div>
${edge.length > 0 ? '<h4 class="sub">Most typical first</h4>' : ''}${grid(typical)}
${edge.length > 0 ? `<h4 class="sub">Most doubtful first</h4>${grid(edge)}` : ''}
</section>
`;
}

/** Formats how far a cluster is from the others, beside the one that is farthest. */
function separationHtml(separation: number, most: number): string {
  const share = Math.max(0, Math.min(1, separation / most));
  return `<span class="stat" title="${SEPARATION}"><span class="meter"><i style="width:${(share * 100).toFixed(0)}%"></i></span>separation <b>${separation.toFixed(2)}</b></span>`;
}

function imageHtml(
  { path, confidence, margin, doubtful, second }: ExampleImage,
  cluster: number,
  picture: Uint8Array | undefined,
): string {
  const other = doubtful && second !== undefined ? `, or ${second}?` : '';
  const facts = `Cluster ${cluster}${other} · confidence ${confidence.toFixed(2)} · margin ${margin.toFixed(3)}`;
  const uri = picture && ` src="${dataUri(picture)}"`;
  return `<li${doubtful ? ' class="q"' : ''}><button type="button" title="${escapeHtml(path)}\n${facts}" data-facts="${facts}"><img${uri ?? ''} alt="${escapeHtml(path)}" decoding="async"></button></li>`;
}

function dataOf({
  cluster,
  size,
  separation = 0,
  doubtful,
}: Pick<ReportCluster, 'cluster' | 'size' | 'separation' | 'doubtful'>): string {
  return `data-cluster="${cluster}" data-size="${size}" data-separation="${separation.toFixed(4)}" data-doubt="${doubtful}"`;
}
