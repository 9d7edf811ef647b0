/**
 * report.html: one file that needs nothing else. Figures, style and script are in the files beside.
 */
import { plural, showCount } from '../../core/text.ts';
import type { ExampleImage, ReportCluster, ReportColorAgreement } from '../../run/index.ts';
import { verdictWords } from '../../train/index.ts';
import type { ReportClustering, ReportMeasures, ReportTraining, RunReport } from '../runReport.ts';
import { curveSvg } from './chart.ts';
import { classesHtml } from './classes.ts';
import { dataUri } from './dataUri.ts';
import { evaluationHtml } from './evaluation.ts';
import { pageHead } from './head.ts';
import { kCurveHtml } from './kCurve.ts';
import { mapsHtml } from './maps.ts';
import { script } from './script.ts';
import { similarityHtml } from './similarity.ts';
import { style } from './style.ts';
import { escapeHtml, showShare } from './text.ts';

/** Longest list of skipped files on the page; skipped.csv has all. */
const MAX_SKIPPED = 200;
/** Originals up to this size are shown with sharp pixels. */
const SMALL_PICTURE = 64;

/**
 * Builds the page in pieces, so that no single string has to hold it. The same data give the same
 * bytes.
 */
export function* reportHtml(report: RunReport): Generator<string> {
  const { clustering } = report;
  const isSmall = (clustering?.thumbnails?.shortSide ?? Number.POSITIVE_INFINITY) <= SMALL_PICTURE;
  yield `${pageHead({ title: report.run, styles: style, scripts: true })}
<body${isSmall ? ' class="small"' : ''}>
<main>
${headerHtml(report)}
${clustering ? overviewHtml(clustering) : ''}
${trainingHtml(report.training)}
${report.evaluation ? panel('Evaluation with labels', evaluationHtml(report.evaluation)) : ''}
${measuresHtml(report.measures)}
${clustering?.classes ? panel('Clusters and labels', classesHtml(clustering.classes)) : ''}
${clustering?.maps?.maps.length ? panel('Maps of features', mapsHtml(clustering.maps)) : ''}
</main>
`;
  if (clustering) yield* clustersHtml(clustering);
  yield `<main>
${clustering && clustering.skipped.length > 0 ? skippedHtml(clustering) : ''}
${settingsHtml(report)}
<footer>Made by likeness. This file contains everything it shows and opens without a network.</footer>
</main>
`;
  if (clustering) yield `${dialog}<script>${script}</script>\n`;
  yield `</body>
</html>
`;
}

const dialog =
  '<dialog aria-label="Image"><img alt=""><div><p></p><p class="stat"></p><nav><button id="previous" type="button">Previous</button><button id="next" type="button">Next</button><button id="close" type="button">Close</button></nav></div></dialog>\n';

function panel(title: string, content: string): string {
  return `<section class="panel"><h2>${title}</h2>${content}</section>`;
}

function headerHtml({ run, method, clustering, training }: RunReport): string {
  const source = clustering && ` on ${escapeHtml(clustering.source.path)}`;
  const figures: [string, string][] = clustering
    ? [
        ['images', showCount(clustering.counts.images)],
        ['clusters', showCount(clustering.counts.clusters)],
        ['doubtful', showCount(clustering.clusters.reduce((sum, { doubtful }) => sum + doubtful, 0))],
        ['skipped', showCount(clustering.counts.skipped)],
        ...(clustering.counts.equal
          ? [['equal to another', showCount(clustering.counts.equal)] as [string, string]]
          : []),
      ]
    : training
      ? [['steps', showCount(training.steps.at(-1) ?? 0)]]
      : [];
  return `<header>
<p class="kicker">${escapeHtml(method)}${source ?? ''}</p>
<h1>${escapeHtml(run)}</h1>
<dl class="figures">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
</header>`;
}

function overviewHtml(clustering: ReportClustering): string {
  const { clusters, howK, colorAgreement, suggestion, doubtRule } = clustering;
  const largest = Math.max(1, ...clusters.map(({ size }) => size));
  const rows = clusters.map(({ cluster, size, doubtful, share, cohesion }) => {
    const part = (count: number) => `${((count / largest) * 100).toFixed(2)}%`;
    const sure = size - doubtful;
    return `<li ${dataOf({ cluster, size, doubtful, cohesion })}><a href="#cluster-${cluster}" title="Cluster ${cluster}: ${plural(size, 'image')} (${showShare(share)}), ${showCount(doubtful)} doubtful"><b>${cluster}</b><span class="track">${sure > 0 ? `<i style="width:${part(sure)}"></i>` : ''}${doubtful > 0 ? `<i class="d" style="width:${part(doubtful)}"></i>` : ''}</span><span class="n">${showCount(size)}</span></a></li>`;
  });
  const fit = suggestion
    ? `\n<details open><summary>Fit of each number of clusters</summary>${kCurveHtml(suggestion)}</details>`
    : '';
  return panel(
    'Cluster sizes',
    `
<p class="note">${escapeHtml(howK)}</p>${colorAgreement ? colorHtml(colorAgreement) : ''}
<ol class="bars">${rows.join('\n')}</ol>
<p class="legend"><span><span class="track"><i></i></span>images</span><span><span class="track"><i class="d"></i></span>doubtful images</span></p>
<p class="note">${escapeHtml(doubtRule)}</p>${fit}`,
  );
}

/** Marks groups of color as a loss, because they are rarely what is looked for. */
function colorHtml({ verdict, text }: ReportColorAgreement): string {
  const style = verdict === 'mostly' ? 'verdict lost' : 'verdict';
  return `\n<p class="${style}">${escapeHtml(text)}</p>`;
}

function trainingHtml(training: ReportTraining | undefined): string {
  if (training === undefined || training.steps.length === 0) return '';
  const { steps, loss, chance, usage, similarities = [], notes } = training;
  const use = usage && {
    title: 'Use of prototypes or clusters (entropy, 1: even)',
    steps: usage.steps,
    values: usage.entropy,
    range: [0, 1] as const,
  };
  return panel(
    'Training',
    `${verdictHtml(training)}${notes.map((text) => `<p class="note">${escapeHtml(text)}</p>`).join('')}
<div class="curves">${curveSvg({ title: 'Loss', steps, values: loss, line: chance })}
${use ? curveSvg(use) : ''}</div>
${similarityHtml(similarities)}`,
  );
}

/** Marks every verdict but those of a run that is or ended well. */
function verdictHtml({ verdict, health = 'healthy', remedy }: ReportTraining): string {
  if (!verdict) return '';
  const isGood = ['healthy', 'learning', 'warming up'].includes(health);
  const sentences = [verdict, ...(remedy ? [`Remedy: ${remedy}`] : [])].map(escapeHtml);
  return `<p class="verdict${isGood ? '' : ' lost'}">${sentences.join('. ')}.</p>${wordsHtml()}`;
}

/** Explains the words of verdicts, folded away. */
function wordsHtml(): string {
  const words = Object.entries(verdictWords).map(
    ([word, meaning]) => `<div><dt>${word}</dt><dd>${escapeHtml(meaning)}</dd></div>`,
  );
  return `<details><summary>Words of verdicts</summary><dl class="facts">${words.join('')}</dl></details>`;
}

function measuresHtml(measures: ReportMeasures | undefined): string {
  if (measures === undefined) return '';
  const items = measures.items.map(
    ({ name, value, first, meaning }) =>
      `<div><dt>${escapeHtml(name)}</dt><dd><b>${value.toFixed(3)}</b>${first === undefined ? '' : ` <small>from ${first.toFixed(3)}</small>`}<p class="note">${escapeHtml(meaning)}</p></dd></div>`,
  );
  return panel(
    'Measured without labels',
    `<p class="note">${escapeHtml(measures.when)}</p><dl class="facts">${items.join('')}</dl>`,
  );
}

function* clustersHtml({ clusters, thumbnails }: ReportClustering): Generator<string> {
  yield `<div class="bar"><div>
<h2>${plural(clusters.length, 'cluster')}</h2>
<label hidden><input type="checkbox" id="only"> Only doubtful images</label>
<label hidden>Sort by <select id="order"><option value="cluster 1">number</option><option value="size -1">size, largest first</option><option value="size 1">size, smallest first</option><option value="cohesion -1">cohesion, highest first</option><option value="cohesion 1">cohesion, lowest first</option><option value="doubt -1">doubtful images, most first</option></select></label>
</div></div>
<main>
<div id="clusters">
`;
  for (const cluster of clusters)
    yield clusterHtml(withPictures(cluster, thumbnails?.pictures), thumbnails?.pictures);
  yield '</div>\n</main>\n';
}

/** Keeps examples that have a picture; all of them where no pictures are stored. */
function withPictures(
  cluster: ReportCluster,
  pictures: ReadonlyMap<string, Uint8Array> | undefined,
): ReportCluster {
  if (pictures === undefined) return cluster;
  const shown = (images: readonly ExampleImage[]) => images.filter(({ path }) => pictures.has(path));
  return { ...cluster, typical: shown(cluster.typical), edge: shown(cluster.edge) };
}

function clusterHtml(example: ReportCluster, pictures: ReadonlyMap<string, Uint8Array> | undefined): string {
  const { cluster, size, share, cohesion, doubtful, typical, edge } = example;
  const hidden = size - typical.length - edge.length;
  const grid = (images: readonly ExampleImage[]) =>
    `<ul class="grid">${images.map((image) => imageHtml(image, cluster, pictures?.get(image.path))).join('\n')}</ul>`;
  const meter = `${(Math.max(0, Math.min(1, cohesion)) * 100).toFixed(0)}%`;
  const anyDoubtful = edge.length > 0 || typical.some((image) => image.doubtful);
  return `<section class="card${anyDoubtful ? '' : ' sure'}" id="cluster-${cluster}" ${dataOf(example)}>
<div class="head"><h3>Cluster ${cluster}<small>${plural(size, 'image')}, ${showShare(share)}</small></h3>
<span class="stat" title="Mean cosine of its images and their center, 1 at most"><span class="meter"><i style="width:${meter}"></i></span>cohesion <b>${cohesion.toFixed(2)}</b></span>
${doubtful > 0 ? `<span class="stat q"><b>${showCount(doubtful)}</b> doubtful</span>` : ''}
${hidden > 0 ? `<span class="stat">${showCount(typical.length + edge.length)} shown</span>` : ''}</div>
${edge.length > 0 ? '<h4 class="sub">Most typical first</h4>' : ''}${grid(typical)}
${edge.length > 0 ? `<h4 class="sub">Most doubtful first</h4>${grid(edge)}` : ''}
</section>
`;
}

function imageHtml(image: ExampleImage, cluster: number, picture: Uint8Array | undefined): string {
  const { path, confidence, margin, doubtful, second } = image;
  const other = doubtful && second !== undefined ? `, or ${second}?` : '';
  const facts = `Cluster ${cluster}${other} · confidence ${confidence.toFixed(2)} · margin ${margin.toFixed(3)}`;
  const uri = picture && ` src="${dataUri(picture)}"`;
  return `<li${doubtful ? ' class="q"' : ''}><button type="button" title="${escapeHtml(path)}\n${facts}" data-facts="${facts}"><img${uri ?? ''} alt="${escapeHtml(path)}" decoding="async"></button></li>`;
}

function skippedHtml({ skipped, counts }: ReportClustering): string {
  const rows = skipped
    .slice(0, MAX_SKIPPED)
    .map(({ id, reason }) => `<li>${escapeHtml(id)} <span>${escapeHtml(reason)}</span></li>`);
  const total = Math.max(counts.skipped, skipped.length);
  const more = total - rows.length;
  return panel(
    plural(total, 'skipped file'),
    `
<p class="note">These files could not be used. All other images are in the clusters above.</p>
<details${rows.length <= 8 ? ' open' : ''}><summary>Files and reasons</summary><ul class="skipped">${rows.join('\n')}</ul>${more > 0 ? `<p class="note">${showCount(more)} more are listed in skipped.csv.</p>` : ''}</details>`,
  );
}

function settingsHtml({ settings }: RunReport): string {
  if (settings.length === 0) return '';
  const items = settings.map(
    ({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  return panel('Settings', `<dl class="facts">${items.join('')}</dl>`);
}

function dataOf({
  cluster,
  size,
  cohesion,
  doubtful,
}: Pick<ReportCluster, 'cluster' | 'size' | 'cohesion' | 'doubtful'>) {
  return `data-cluster="${cluster}" data-size="${size}" data-cohesion="${cohesion.toFixed(4)}" data-doubt="${doubtful}"`;
}
