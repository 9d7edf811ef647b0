/** compare.html: one file that needs nothing else, in the style of a run's report. */

import { plural, showCount } from '../core/text.ts';
import { pageHead } from '../report/html/head.ts';
import { style } from '../report/html/style.ts';
import { escapeHtml } from '../report/html/text.ts';
import type {
  Baseline,
  Budget,
  ComparedMethod,
  Comparison,
  Published,
  Summary,
} from './comparison.ts';
import { curvesSvg, legendHtml } from './curves.ts';
import { likelySentence, trackingColumns } from './likelyOrder.ts';
import { publishedParts, withNotes } from './published.ts';
import { originSentence } from './summary.ts';
import { rowName } from './table.ts';

const more = `
:root{--line0:#2b5fc7;--line1:#c2410c;--line2:#15803d;--line3:#7c3aed;--line4:#b0127b;--line5:#0e7490}
@media (prefers-color-scheme:dark){:root{--line0:#8db2ff;--line1:#fb923c;--line2:#4ade80;--line3:#c4a5ff;--line4:#f58ad0;--line5:#4fd1e5}}
.curves g path{stroke:currentColor}
.curves g circle,.curves g rect,.curves g polygon{fill:currentColor}
${[0, 1, 2, 3, 4, 5].map((i) => `.c${i}{color:var(--line${i})}`).join('')}
.legendlist{list-style:none;display:flex;flex-wrap:wrap;gap:6px 22px;font-size:13.5px;margin-top:12px}
.legendlist li{display:inline-flex;align-items:center;gap:8px}
.key{width:40px;height:14px}
td small{color:var(--soft);font-size:12px}
tr.base th,tr.base td{color:var(--soft)}
tr.print th,tr.print td{font-style:italic;color:var(--soft)}
tr.first th,tr.first td{border-top:2px solid var(--line)}
td.why{text-align:left;white-space:normal;color:var(--doubt)}
code{font-size:13px;overflow-wrap:anywhere}
`;

type Row = ComparedMethod | Baseline;

interface Column {
  readonly title: string;
  readonly meaning: string;
  of(row: Row): Summary | undefined;
  printed?(published: Published): number | undefined;
}

const agreement = [
  ['nmi', 'NMI', 'Normalized mutual information of clusters and classes (arithmetic mean); 0 to 1'],
  ['acc', 'ACC', 'Accuracy under the best matching of clusters to classes; 0 to 1'],
  ['ari', 'ARI', 'Adjusted Rand index; 0 is chance, 1 is equal'],
] as const;

const tracking: readonly Column[] = trackingColumns.map((column) => ({
  ...column,
  title: column.title.replace(/^./, (first) => first.toUpperCase()),
}));
const onTest: readonly Column[] = [
  {
    title: 'kNN',
    meaning: 'Accuracy of 200 weighted nearest neighbors; 0 to 1',
    of: ({ knn }) => knn,
    printed: ({ figures }) => figures.knn,
  },
  {
    title: 'kNN 20',
    meaning: 'Accuracy of 20 weighted nearest neighbors; 0 to 1',
    of: ({ knn20 }) => knn20,
  },
  {
    title: 'Linear',
    meaning: 'Accuracy of a linear classifier on the features; 0 to 1',
    of: ({ linear }) => linear,
    printed: ({ figures }) => figures.linear,
  },
  ...agreement.map(([name, title, meaning]) => ({
    title,
    meaning,
    of: (row: Row) => row[name],
  })),
  ...tracking,
];
const onBoth: readonly Column[] = agreement.map(([name, title, meaning]) => ({
  title,
  meaning,
  of: ({ trainAndTest }) => trainAndTest[name],
  printed: ({ figures }) => figures[name],
}));
const byHead: readonly Column[] = (['test', 'trainAndTest'] as const).flatMap((part) =>
  agreement.map(([name, title, meaning]) => ({
    title: part === 'test' ? `${title}, test` : `${title}, train + test`,
    meaning,
    of: ({ head }: Row) => head?.[part][name],
  })),
);

/** Builds the page. The same comparison gives the same bytes. */
export function compareHtml(comparison: Comparison): string {
  const { data, labelled, seeds, budget, images, complete } = comparison;
  const title = `Methods compared on ${data.name}`;
  const origin = originSentence(comparison);
  const figures: [string, string][] = [
    ['training images', showCount(images.train)],
    ...(images.test > 0 ? [['test images', showCount(images.test)] as [string, string]] : []),
    ...(budget ? [['per network', budgetText(budget)] as [string, string]] : []),
    ['seeds', showCount(seeds.length)],
    ...(comparison.date ? [['measured', comparison.date.slice(0, 10)] as [string, string]] : []),
  ];
  return `${pageHead({ title, styles: style + more })}
<body>
<main>
<header>
<p class="kicker">${escapeHtml(comparison.source)}</p>
<h1>${escapeHtml(title)}</h1>
<dl class="figures">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>
${complete ? '' : '<p class="verdict lost">Not complete. Run the same command to resume.</p>'}
</header>
${labelled ? labelledHtml(comparison) : labelFreeHtml(comparison)}
${curvesHtml(comparison)}
${failuresHtml(comparison)}
${runsHtml(comparison)}
${publishedHtml(comparison)}
${factsHtml(comparison)}
<footer>Made by ${escapeHtml(comparison.program)} on ${escapeHtml(comparison.machine)}${origin === undefined ? '' : `, ${escapeHtml(origin)}`}. This file contains everything it shows and opens without a network.</footer>
</main>
</body>
</html>
`;
}

/** Minutes may be a fraction, which `plural` would round. */
function budgetText(budget: NonNullable<Budget>): string {
  return 'minutes' in budget ? `${budget.minutes} min` : plural(budget.epochs, 'epoch');
}

/** Tells whose clusters the rows of heads have. */
function headNote({ methods }: Comparison): string {
  return methods.some(({ training }) => training === 'head')
    ? ' NMI, ACC and ARI of a head on a pretrained model are of the clusters that the head learned.'
    : '';
}

function labelledHtml(comparison: Comparison): string {
  const own = comparison.images.test > 0;
  const heads = comparison.methods.filter(({ head }) => head !== undefined);
  return `<section class="panel"><h2>${own ? 'On the test images' : 'On held-out images, with clusters of all images'}</h2>
<p class="note">Mean and standard deviation over seeds. Features are those before any head, after the last step.${headNote(comparison)} Labels were used for measuring only.</p>
${tableHtml(comparison, onTest, { minutes: true })}</section>
${own ? `<section class="panel"><h2>Clusters of train and test images together</h2><p class="note">The encoder was trained on the train images alone.</p>${tableHtml(comparison, onBoth)}</section>` : ''}
${heads.length > 0 ? `<section class="panel"><h2>Clusters learned by a method</h2><p class="note">Each image belongs to the most probable cluster of the method's own head, in place of k-means.</p>${tableHtml({ ...comparison, methods: heads, baselines: {}, published: [] }, byHead)}</section>` : ''}`;
}

function tableHtml(
  comparison: Comparison,
  columns: readonly Column[],
  { minutes = false } = {},
): string {
  const { methods, baselines } = comparison;
  const beside = Object.values(baselines);
  const best = columns.map(({ of }) =>
    Math.max(...[...methods, ...beside].map((row) => of(row)?.mean ?? -1)),
  );
  const cell = (summary: Summary | undefined, column: number) => {
    if (!summary || summary.mean === null) return '<td>–</td>';
    const { mean, sd, values } = summary;
    const text = mean === best[column] ? `<b>${mean.toFixed(3)}</b>` : mean.toFixed(3);
    const spread = values.length > 1 ? ` <small>±${sd!.toFixed(3)}</small>` : '';
    return `<td${mean === best[column] ? ' class="best"' : ''}>${text}${spread}</td>`;
  };
  const body = methods.map((row) => {
    const cells = columns.map(({ of }, i) => cell(of(row), i)).join('');
    const time = minutes ? `<td>${row.minutes === null ? '–' : row.minutes.toFixed(1)}</td>` : '';
    const partly =
      row.seeds < comparison.seeds.length
        ? ` <small>${row.seeds} of ${plural(comparison.seeds.length, 'seed')}</small>`
        : '';
    return `<tr class="own"><th scope="row">${escapeHtml(rowName(row))}${partly}</th>${cells}${time}</tr>`;
  });
  beside.forEach((row, i) => {
    const cells = columns.map(({ of }, column) => cell(of(row), column)).join('');
    body.push(
      `<tr class="base${i === 0 ? ' first' : ''}"><th scope="row"><abbr title="${escapeHtml(row.protocol)}">${escapeHtml(row.name)}</abbr></th>${cells}${minutes ? '<td></td>' : ''}</tr>`,
    );
  });
  const printed = withNotes(
    publishedParts(comparison).beside.filter((row) =>
      columns.some((column) => column.printed?.(row) !== undefined),
    ),
  );
  printed.rows.forEach((row, i) => {
    const cells = columns.map(({ printed: of }) => {
      const value = of?.(row);
      return `<td>${value === undefined ? '' : value.toFixed(3)}</td>`;
    });
    body.push(
      `<tr class="print${i === 0 ? ' first' : ''}"><th scope="row">${escapeHtml(row.method)}: published, other budget [${row.note}]</th>${cells.join('')}${minutes ? '<td></td>' : ''}</tr>`,
    );
  });
  return `<div class="scroll"><table>
<thead><tr><th scope="col">Features</th>${columns.map(({ title, meaning }) => `<th scope="col"><abbr title="${escapeHtml(meaning)}">${title}</abbr></th>`).join('')}${minutes ? '<th scope="col">Minutes</th>' : ''}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>${printed.notes.length > 0 ? `<p class="note">${printed.notes.map(escapeHtml).join('<br>')}</p>` : ''}`;
}

function labelFreeHtml(comparison: Comparison): string {
  const likely = likelySentence(comparison.likelyOrder);
  return `<section class="panel"><h2>Measured without labels</h2>
<p class="note">Methods are ranked by view agreement, the only label-free measure that tracked NMI in our tests. Treat the ranking as a hint. Further measures, which show collapse, are in compare.json.</p>
${likely === undefined ? '' : `<p>${escapeHtml(likely)}</p>`}
${tableHtml(comparison, tracking, { minutes: true })}</section>`;
}

/** Writes a protocol as a sentence. */
function sentence(text: string): string {
  return text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function curvesHtml({ methods, protocol }: Comparison): string {
  const drawn = methods.filter(({ curve }) => curve.length > 0);
  if (drawn.length === 0) return '';
  const lines = (of: 'knn' | 'nmi') =>
    drawn.map((row) => ({
      name: rowName(row),
      points: row.curve.map((point) => ({ minutes: point.minutes, value: point[of] })),
    }));
  return `<section class="panel"><h2>Scores over training time</h2>
<p class="note">${escapeHtml(sentence(protocol.curves ?? ''))}</p>
${legendHtml(drawn.map(rowName))}
<div class="split">${curvesSvg('kNN accuracy', lines('knn'))}${curvesSvg('NMI', lines('nmi'))}</div></section>`;
}

function failuresHtml({ methods }: Comparison): string {
  const rows = methods.flatMap((row) =>
    row.runs.flatMap(({ seed, failure }) =>
      failure
        ? [
            `<tr><th scope="row">${escapeHtml(rowName(row))}</th><td>${seed}</td><td class="why">${escapeHtml(failure.reason)}</td></tr>`,
          ]
        : [],
    ),
  );
  if (rows.length === 0) return '';
  return `<section class="panel"><h2>Failed</h2><p class="note">These runs have no scores. Means are over the others.</p>
<div class="scroll"><table><thead><tr><th scope="col">Method</th><th scope="col">Seed</th><th scope="col">Reason</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div></section>`;
}

function runsHtml({ methods, labelled }: Comparison): string {
  const show = (value: number | null | undefined, digits = 3) =>
    `<td>${typeof value === 'number' ? value.toFixed(digits) : '–'}</td>`;
  const rows = methods.flatMap((row) =>
    row.runs.flatMap(({ seed, folder, figures, minutes, epochs, failure }) =>
      failure
        ? []
        : [
            `<tr><th scope="row">${escapeHtml(rowName(row))}</th><td>${seed}</td>${labelled ? show(figures?.knn) + show(figures?.linear) + show(figures?.nmi) + show(figures?.acc) + show(figures?.ari) : ''}${show(minutes, 1)}${show(epochs, 1)}<td><code>${escapeHtml(folder)}</code></td></tr>`,
          ],
    ),
  );
  if (rows.length === 0) return '';
  const columns = [
    'Seed',
    ...(labelled ? ['kNN', 'Linear', 'NMI', 'ACC', 'ARI'] : []),
    'Minutes',
    'Epochs',
    'Run',
  ];
  return `<section class="panel"><h2>Every run</h2><details><summary>${plural(rows.length, 'run')}, seed by seed</summary>
<div class="scroll"><table><thead><tr><th scope="col">Method</th>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div></details></section>`;
}

function publishedHtml({ published, data }: Comparison): string {
  if (published.length === 0) return '';
  const names = ['knn', 'linear', 'nmi', 'acc', 'ari'] as const;
  const rows = published.map(
    ({ method, figures, budget, source }) =>
      `<tr><th scope="row">${escapeHtml(method)}</th>${names.map((name) => `<td>${figures[name]?.toFixed(3) ?? '–'}</td>`).join('')}<td class="why">${escapeHtml(`${budget}; ${source}`)}</td></tr>`,
  );
  return `<section class="panel"><h2>Published for ${escapeHtml(data.name)}</h2><p class="note">These scores have other encoders, image sizes and budgets, and do not compare with those above. NMI, ACC and ARI are of train and test images together.</p>
<details><summary>${plural(rows.length, 'row')}</summary><div class="scroll"><table><thead><tr><th scope="col">Method</th>${['kNN', 'Linear', 'NMI', 'ACC', 'ARI'].map((name) => `<th scope="col">${name}</th>`).join('')}<th scope="col">Budget and source</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div></details></section>`;
}

function factsHtml({ protocol, shared, preset, baselines, model }: Comparison): string {
  const items = (facts: Readonly<Record<string, string | number>>) =>
    Object.entries(facts)
      .map(
        ([name, value]) =>
          `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`,
      )
      .join('');
  const features = Object.fromEntries(
    Object.values(baselines).map(({ name, protocol: how }) => [name, how]),
  );
  const pretrained = model
    ? `<section class="panel"><h2>Pretrained model</h2>
<dl class="facts">${items(model)}</dl></section>
`
    : '';
  return `<section class="panel"><h2>Protocol</h2><dl class="facts">${items({ ...protocol, ...features })}</dl></section>
${pretrained}<section class="panel"><h2>Shared settings</h2><dl class="facts">${items({ preset, ...shared })}</dl></section>`;
}
