/**
 * report.html: one file that needs nothing else. The clusters come first, figures and settings
 * after them. Sections, style and script are in the files beside.
 */
import { plural, showCount } from '../../core/text.ts';
import type { ReportColorAgreement } from '../../run/index.ts';
import type { NamedText, ReportClustering, RunReport } from '../runReport.ts';
import { cardsHtml, wallHtml } from './cards.ts';
import { classesHtml } from './classes.ts';
import { evaluationHtml } from './evaluation.ts';
import { pageHead } from './head.ts';
import { kCurveHtml } from './kCurve.ts';
import { mapsHtml } from './maps.ts';
import { membersHtml } from './members.ts';
import { type Panel, panelHtml } from './panel.ts';
import { script } from './script.ts';
import { style } from './style.ts';
import { escapeHtml } from './text.ts';
import { measuresHtml, trainingHtml } from './training.ts';

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
  const panels = panelsOf(report).filter(({ content }) => content !== '');
  const head = pageHead({
    ...{ title: pageTitle(report), styles: style, scripts: true },
    images: clustering?.source.kind === 'folder' ? ['data:', 'file:'] : ['data:'],
  });
  yield `${head}
<body${isSmall ? ' class="small"' : ''}>
<main>
${headerHtml(report)}
${clustering ? overviewHtml(clustering) : ''}
${clustering ? '' : contentsHtml(panels)}</main>
`;
  if (clustering) {
    yield `${barHtml(clustering, panels)}<main>\n<div id="found" hidden></div>\n<div id="clusters">\n`;
    yield* cardsHtml(clustering);
    yield '</div>\n</main>\n';
  }
  yield `<main>
${panels.map(panelHtml).join('\n')}
<footer>Made by likeness. This file opens without a network.${clustering?.members ? ' All images of a cluster are shown from their folder, where it is on this machine.' : ''}</footer>
</main>
`;
  if (clustering) yield `${dialog}${membersHtml(clustering)}<script>${script}</script>\n`;
  yield `</body>
</html>
`;
}

const dialog =
  '<dialog aria-label="Image"><img alt=""><div><p></p><p class="stat"></p><nav><a id="original" target="_blank" rel="noopener" hidden>Open original</a><button id="previous" type="button">Previous</button><button id="next" type="button">Next</button><button id="close" type="button">Close</button></nav></div></dialog>\n';

/** All sections behind the clusters; those without content are left out. */
function panelsOf(report: RunReport): Panel[] {
  const { clustering, evaluation, training, measures } = report;
  return [
    {
      id: 'map',
      title: 'Map',
      content: clustering?.maps?.maps.length ? mapsHtml(clustering.maps) : '',
    },
    {
      id: 'number',
      title: 'Number of clusters',
      short: 'Number',
      content: clustering ? numberHtml(clustering) : '',
    },
    {
      id: 'labels',
      title: 'Clusters and labels',
      short: 'Labels',
      content: clustering?.classes ? classesHtml(clustering.classes) : '',
    },
    {
      id: 'evaluation',
      title: 'Evaluation with labels',
      short: 'Evaluation',
      content: evaluation ? evaluationHtml(evaluation) : '',
    },
    { id: 'training', title: 'Training', content: trainingHtml(training) },
    {
      id: 'measures',
      title: 'Measured without labels',
      short: 'Measures',
      content: measuresHtml(measures),
    },
    {
      id: 'skipped',
      title: clustering
        ? plural(Math.max(clustering.counts.skipped, clustering.skipped.length), 'skipped file')
        : '',
      content: clustering && clustering.skipped.length > 0 ? skippedHtml(clustering) : '',
    },
    { id: 'settings', title: 'Settings', content: settingsHtml(report) },
  ];
}

/** Title of the page in a browser. */
function pageTitle({ run, trained }: RunReport): string {
  return trained === undefined ? run : `${run} (${trained})`;
}

function headerHtml({ run, method, trained, clustering, training }: RunReport): string {
  const joint = trained === undefined ? ' on' : ',';
  const source = clustering && `${joint} ${escapeHtml(clustering.source.path)}`;
  const figures: [string, string][] = clustering
    ? [
        ['images', showCount(clustering.counts.images)],
        ['clusters', showCount(clustering.counts.clusters)],
        [
          'doubtful',
          showCount(clustering.clusters.reduce((sum, { doubtful }) => sum + doubtful, 0)),
        ],
        ['skipped', showCount(clustering.counts.skipped)],
        ...(clustering.counts.equal
          ? [['equal to another', showCount(clustering.counts.equal)] as [string, string]]
          : []),
      ]
    : training
      ? [['steps', showCount(training.steps.at(-1) ?? 0)]]
      : [];
  return `<header>
<p class="kicker">${escapeHtml(trained ?? method)}${source ?? ''}</p>
<h1>${escapeHtml(run)}</h1>
<dl class="figures">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
</header>`;
}

/** Formats the wall of clusters, with a warning where they follow color. */
function overviewHtml(clustering: ReportClustering): string {
  const { colorAgreement, howK } = clustering;
  const [why] = sentencesOf(howK);
  return `<section class="panel" id="overview"><h2>${plural(clustering.clusters.length, 'cluster')}</h2>
<p class="note">${escapeHtml(why!)}</p>
${colorAgreement ? colorHtml(colorAgreement) : ''}
${wallHtml(clustering)}
</section>`;
}

/** Splits a text after full stops, so that the first sentence can stand alone. */
function sentencesOf(text: string): string[] {
  return text.split(/(?<=\.) /);
}

/** Marks groups of color as a loss, because they are rarely what is looked for. */
function colorHtml({ verdict, text }: ReportColorAgreement): string {
  const style = verdict === 'mostly' ? 'verdict lost' : 'verdict';
  const [first, ...rest] = sentencesOf(text);
  const details =
    rest.length > 0
      ? `<details><summary>Figures</summary><p class="note">${escapeHtml(rest.join(' '))}</p></details>`
      : '';
  return `<p class="${style}">${escapeHtml(first!)}</p>${details}`;
}

/** Formats the bar that stays in view: contents, search, filter and order. */
function barHtml({ members }: ReportClustering, panels: readonly Panel[]): string {
  const search = members
    ? '<label hidden><span class="hide">Search by name</span><input type="search" id="search" placeholder="Search by name"></label>'
    : '';
  return `<div class="bar"><div>
${contentsHtml(panels, { first: '<a href="#overview">Clusters</a>' })}
${search}
<label hidden><input type="checkbox" id="only"> Only doubtful</label>
<label hidden><span class="hide">Sort by</span><select id="order"><option value="cluster 1">By number</option><option value="size -1">Largest first</option><option value="size 1">Smallest first</option><option value="separation -1">Most separate first</option><option value="separation 1">Least separate first</option><option value="doubt -1">Most doubtful first</option></select></label>
</div></div>
`;
}

function contentsHtml(panels: readonly Panel[], { first = '' }: { first?: string } = {}): string {
  const links = panels.map(({ id, title, short = title }) => `<a href="#${id}">${short}</a>`);
  return `<nav class="contents" aria-label="Contents">${first}${links.join('')}</nav>`;
}

/** Formats why there are as many clusters, and how other numbers fit. */
function numberHtml({ howK, suggestion, doubtRule }: ReportClustering): string {
  const fit = suggestion ? kCurveHtml(suggestion) : '';
  return `<p class="note">${escapeHtml(howK)}</p><p class="note">${escapeHtml(doubtRule)}</p>${fit}`;
}

function skippedHtml({ skipped, counts }: ReportClustering): string {
  const rows = skipped
    .slice(0, MAX_SKIPPED)
    .map(({ id, reason }) => `<li>${escapeHtml(id)} <span>${escapeHtml(reason)}</span></li>`);
  const more = Math.max(counts.skipped, skipped.length) - rows.length;
  return `<p class="note">These files could not be used. All other images are in the clusters above.</p>
<details${rows.length <= 8 ? ' open' : ''}><summary>Files and reasons</summary><ul class="skipped">${rows.join('\n')}</ul>${more > 0 ? `<p class="note">${showCount(more)} more are listed in skipped.csv.</p>` : ''}</details>`;
}

function settingsHtml({ settings, allSettings = [] }: RunReport): string {
  if (settings.length === 0) return '';
  const all =
    allSettings.length > 0
      ? `<details><summary>All settings</summary>${factsHtml(allSettings)}</details>`
      : '';
  return `${factsHtml(settings)}${all}`;
}

function factsHtml(facts: readonly NamedText[]): string {
  const items = facts.map(
    ({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  return `<dl class="facts">${items.join('')}</dl>`;
}
