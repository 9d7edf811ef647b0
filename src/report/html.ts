/** report.html: one file that needs nothing else. Structure here; style, script and figures in the files beside. */

import { plural, showCount } from '../core/text.ts';
import { curveSvg } from './chart.ts';
import { classesHtml } from './classes.ts';
import type { ReportCluster, ReportData, ReportImage, ReportMeasures, ReportTraining } from './data.ts';
import { evaluationHtml } from './evaluation.ts';
import { kCurveHtml } from './kCurve.ts';
import { mapsHtml } from './maps.ts';
import { script } from './script.ts';
import { similarityHtml } from './similarity.ts';
import { style } from './style.ts';
import { escapeHtml, showShare } from './text.ts';
import type { EmbeddedThumbnails } from './thumbnails.ts';

/** Longest list of skipped files in the page; skipped.csv has all. */
const MAX_SKIPPED = 200;
/** Pictures up to this size are shown with sharp pixels. */
const SMALL_PICTURE = 64;

/** The page in pieces, so that no single string has to hold it. The same data give the same bytes. */
export function* reportHtml(data: ReportData, { clusters, uris }: EmbeddedThumbnails): Generator<string> {
  const small = (data.source.shortSide ?? Number.POSITIVE_INFINITY) <= SMALL_PICTURE;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';img-src data:;style-src 'unsafe-inline';script-src 'unsafe-inline'">
<title>${escapeHtml(data.run)} · likeness</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body${small ? ' class="small"' : ''}>
<main>
${headerHtml(data)}
${overviewHtml(data)}
${trainingHtml(data.training)}
${data.evaluation ? `<section class="panel"><h2>Measured with labels</h2>${evaluationHtml(data.evaluation)}</section>` : ''}
${measuresHtml(data.measures)}
${data.classes ? `<section class="panel"><h2>Clusters and labels</h2>${classesHtml(data.classes)}</section>` : ''}
${data.maps?.length ? `<section class="panel"><h2>Features</h2>${mapsHtml(data.maps)}</section>` : ''}
</main>
<div class="bar"><div>
<h2>${plural(clusters.length, 'cluster')}</h2>
<label hidden><input type="checkbox" id="only"> Only doubtful images</label>
<label hidden>Sort by <select id="order"><option value="cluster 1">number</option><option value="size -1">size, largest first</option><option value="size 1">size, smallest first</option><option value="cohesion -1">most alike first</option><option value="cohesion 1">least alike first</option><option value="doubt -1">most doubtful first</option></select></label>
</div></div>
<main>
<div id="clusters">
`;
  for (const cluster of clusters) yield clusterHtml(cluster, uris);
  yield `</div>
${data.skipped.length === 0 ? '' : skippedHtml(data)}
${settingsHtml(data)}
<footer>Made by likeness${data.date ? `, ${escapeHtml(data.date)}` : ''}. This file holds everything it shows and opens without a network.</footer>
</main>
<dialog aria-label="Image"><img alt=""><div><p></p><p class="stat"></p><nav>${
    data.source.originals
      ? `<a data-base="${escapeHtml(data.source.originals)}" target="_blank" rel="noopener">Open original</a>`
      : ''
  }<button id="previous" type="button">Previous</button><button id="next" type="button">Next</button><button id="close" type="button">Close</button></nav></div></dialog>
<script>${script}</script>
</body>
</html>
`;
}

function headerHtml({ run, method, source, counts, clusters }: ReportData): string {
  const doubtful = clusters.reduce((sum, cluster) => sum + cluster.doubtful, 0);
  const figures: [string, string][] = [
    ['images', showCount(counts.images)],
    ['clusters', showCount(counts.clusters)],
    ['doubtful', showCount(doubtful)],
    ['skipped', showCount(counts.skipped)],
  ];
  return `<header>
<p class="kicker">${escapeHtml(method)} on ${escapeHtml(source.path)}</p>
<h1>${escapeHtml(run)}</h1>
<dl class="figures">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
</header>`;
}

function overviewHtml({ clusters, howK, suggestion, doubtRule }: ReportData): string {
  const largest = Math.max(1, ...clusters.map(({ size }) => size));
  const rows = clusters.map(({ cluster, size, doubtful, share, cohesion }) => {
    const part = (count: number) => `${((count / largest) * 100).toFixed(2)}%`;
    const sure = size - doubtful;
    return `<li ${dataOf({ cluster, size, doubtful, cohesion })}><a href="#cluster-${cluster}" title="Cluster ${cluster}: ${plural(size, 'image')} (${showShare(share)}), ${showCount(doubtful)} doubtful"><b>${cluster}</b><span class="track">${sure > 0 ? `<i style="width:${part(sure)}"></i>` : ''}${doubtful > 0 ? `<i class="d" style="width:${part(doubtful)}"></i>` : ''}</span><span class="n">${showCount(size)}</span></a></li>`;
  });
  return `<section class="panel"><h2>Sizes</h2>
<p class="note">${escapeHtml(howK)}</p>
<ol class="bars">${rows.join('\n')}</ol>
<p class="legend"><span><span class="track"><i></i></span>images</span><span><span class="track"><i class="d"></i></span>of these doubtful</span></p>
<p class="note">${escapeHtml(doubtRule)}</p>${
    suggestion
      ? `
<details open><summary>How well each number of clusters fits</summary>${kCurveHtml(suggestion)}</details>`
      : ''
  }</section>`;
}

function trainingHtml(training: ReportTraining | undefined): string {
  if (training === undefined || training.steps.length === 0) return '';
  const { steps, loss, chance, usage, similarities = [], verdict } = training;
  return `<section class="panel"><h2>Training</h2>${verdict ? `<p class="note">${escapeHtml(verdict)}</p>` : ''}
<div class="curves">${curveSvg({ title: 'Loss', steps, values: loss, line: chance })}
${usage ? curveSvg({ title: 'Use of prototypes or clusters in training (entropy, 1: even)', steps: usage.steps, values: usage.entropy, range: [0, 1] }) : ''}</div>
${similarityHtml(similarities)}</section>`;
}

function measuresHtml(measures: ReportMeasures | undefined): string {
  if (measures === undefined) return '';
  const items = measures.items.map(
    ({ name, value, first, meaning }) =>
      `<div><dt>${escapeHtml(name)}</dt><dd><b>${value.toFixed(3)}</b>${first === undefined ? '' : ` <small>from ${first.toFixed(3)}</small>`}<p class="note">${escapeHtml(meaning)}</p></dd></div>`,
  );
  return `<section class="panel"><h2>Measured without labels</h2><p class="note">${escapeHtml(measures.when)}</p><dl class="facts">${items.join('')}</dl></section>`;
}

function clusterHtml(shown: ReportCluster, uris: ReadonlyMap<number, string>): string {
  const { cluster, size, share, cohesion, doubtful, typical, edge } = shown;
  const hidden = size - typical.length - edge.length;
  const grid = (images: readonly ReportImage[]) =>
    `<ul class="grid">${images.map((image) => imageHtml(image, cluster, uris)).join('\n')}</ul>`;
  const meter = `${(Math.max(0, Math.min(1, cohesion)) * 100).toFixed(0)}%`;
  const anyDoubtful = edge.length > 0 || typical.some((image) => image.doubtful);
  return `<section class="card${anyDoubtful ? '' : ' sure'}" id="cluster-${cluster}" ${dataOf(shown)}>
<div class="head"><h3>Cluster ${cluster}<small>${plural(size, 'image')}, ${showShare(share)}</small></h3>
<span class="stat" title="Mean cosine of its images to their centre: 1 means all alike"><span class="meter"><i style="width:${meter}"></i></span>cohesion <b>${cohesion.toFixed(2)}</b></span>
${doubtful > 0 ? `<span class="stat q"><b>${showCount(doubtful)}</b> doubtful</span>` : ''}
${hidden > 0 ? `<span class="stat">${showCount(typical.length + edge.length)} shown</span>` : ''}</div>
${edge.length > 0 ? '<h4 class="sub">Most typical first</h4>' : ''}${grid(typical)}
${edge.length > 0 ? `<h4 class="sub">Most doubtful first</h4>${grid(edge)}` : ''}
</section>
`;
}

function imageHtml(image: ReportImage, cluster: number, uris: ReadonlyMap<number, string>): string {
  const { index, path, confidence, margin, doubtful, second } = image;
  const rather = doubtful && second !== undefined ? `, or ${second}?` : '';
  const say = `Cluster ${cluster}${rather} · confidence ${confidence.toFixed(2)} · margin ${margin.toFixed(3)}`;
  const uri = uris.get(index);
  return `<li${doubtful ? ' class="q"' : ''}><button type="button" title="${escapeHtml(path)}\n${say}" data-say="${say}"><img${uri ? ` src="${uri}"` : ''} alt="${escapeHtml(path)}" decoding="async"></button></li>`;
}

function skippedHtml({ skipped, counts }: ReportData): string {
  const rows = skipped
    .slice(0, MAX_SKIPPED)
    .map(({ id, reason }) => `<li>${escapeHtml(id)} <span>${escapeHtml(reason)}</span></li>`);
  const more = Math.max(counts.skipped, skipped.length) - rows.length;
  return `<section class="panel"><h2>${plural(Math.max(counts.skipped, skipped.length), 'skipped file')}</h2>
<p class="note">These could not be used; everything else is in the clusters above.</p>
<details${rows.length <= 8 ? ' open' : ''}><summary>Files and reasons</summary><ul class="skipped">${rows.join('\n')}</ul>${more > 0 ? `<p class="note">and ${showCount(more)} more in skipped.csv</p>` : ''}</details></section>`;
}

function settingsHtml({ settings }: ReportData): string {
  if (settings.length === 0) return '';
  const items = settings.map(
    ({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  return `<section class="panel"><h2>Settings</h2><dl class="facts">${items.join('')}</dl></section>`;
}

function dataOf({
  cluster,
  size,
  cohesion,
  doubtful,
}: Pick<ReportCluster, 'cluster' | 'size' | 'cohesion' | 'doubtful'>) {
  return `data-cluster="${cluster}" data-size="${size}" data-cohesion="${cohesion.toFixed(4)}" data-doubt="${doubtful}"`;
}
