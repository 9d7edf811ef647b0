/** The run's figures beside the baselines: a table with the best of each column marked, and who wins in a sentence. */
import type { ReportEvaluation, ReportScores } from './data.ts';
import { escapeHtml, listed } from './text.ts';

const columns = [
  {
    title: 'NMI',
    meaning: 'Normalised mutual information of clusters and classes (arithmetic mean); 0 to 1',
    of: (s: ReportScores) => s.nmi,
  },
  {
    title: 'ACC',
    meaning: 'Accuracy under the best matching of clusters to classes; 0 to 1',
    of: (s: ReportScores) => s.acc,
  },
  { title: 'ARI', meaning: 'Adjusted Rand index; 0 is chance, 1 is equal', of: (s: ReportScores) => s.ari },
  {
    title: 'kNN',
    meaning: 'Accuracy of weighted nearest neighbours; 0 to 1',
    of: (s: ReportScores) => s.knn?.accuracy,
  },
  {
    title: 'Linear',
    meaning: 'Accuracy of a linear classifier on the features; 0 to 1',
    of: (s: ReportScores) => s.linear?.accuracy,
  },
] as const;

/** Shown in a second table. */
const further = [
  {
    title: 'AMI',
    meaning: 'Mutual information of clusters and classes, chance taken out; 0 is chance, 1 is equal',
    of: (s: ReportScores) => s.ami,
  },
  {
    title: 'NMI geo.',
    meaning: 'NMI normalised by the geometric mean, as in older papers; 0 to 1',
    of: (s: ReportScores) => s.nmiGeometric,
  },
  { title: 'FMI', meaning: 'Fowlkes-Mallows index; 0 to 1', of: (s: ReportScores) => s.fmi },
  {
    title: 'Purity',
    meaning: "Share of images that are of their cluster's most frequent class; 0 to 1",
    of: (s: ReportScores) => s.purity,
  },
  {
    title: '1 %',
    meaning: 'Accuracy of a linear classifier trained with 1 % of the labels; 0 to 1',
    of: (s: ReportScores) => s.fewLabels?.['0.01']?.accuracy,
  },
  {
    title: '10 %',
    meaning: 'Accuracy of a linear classifier trained with 10 % of the labels; 0 to 1',
    of: (s: ReportScores) => s.fewLabels?.['0.1']?.accuracy,
  },
] as const;

interface Column {
  readonly title: string;
  readonly meaning: string;
  of(scores: ReportScores): number | null | undefined;
}

interface Row {
  readonly name: string;
  readonly scores: ReportScores;
}

function rowsOf(evaluation: ReportEvaluation): Row[] {
  const { untrained, rawPixels, colourHistogram } = evaluation.baselines ?? {};
  return [
    { name: 'This run', scores: evaluation },
    ...(untrained ? [{ name: 'Untrained encoder', scores: untrained }] : []),
    ...(rawPixels ? [{ name: 'Raw pixels', scores: rawPixels }] : []),
    ...(colourHistogram ? [{ name: 'Colour histogram', scores: colourHistogram }] : []),
  ];
}

/** Who wins, in plain words; each baseline that is ahead anywhere is named with the figures. */
export function verdictOf(evaluation: ReportEvaluation): string[] {
  const [own, ...baselines] = rowsOf(evaluation);
  const measured = columns.filter(({ of }) => typeof of(own!.scores) === 'number');
  if (measured.length === 0 || baselines.length === 0) return [];
  const sentences = baselines.flatMap(({ name, scores }) => {
    const ahead = measured.flatMap(({ title, of }) => {
      const [ours, theirs] = [of(own!.scores)!, of(scores)];
      return typeof theirs === 'number' && theirs > ours
        ? [`${title} (${theirs.toFixed(3)} against ${ours.toFixed(3)})`]
        : [];
    });
    return ahead.length > 0 ? [`${name} does better than this run in ${listed(ahead)}.`] : [];
  });
  return sentences.length > 0
    ? sentences
    : [`This run is ahead of ${listed(baselines.map(({ name }) => name.toLowerCase()))} in every measure.`];
}

/** The section's inner HTML. */
export function evaluationHtml(evaluation: ReportEvaluation): string {
  const [own, ...baselines] = rowsOf(evaluation);
  const { kmeans } = evaluation;
  const isLearned = evaluation.clustering?.by === 'head' && kmeans !== undefined;
  // Beside clusters that the method has learned itself, those of k-means on the same features.
  const rows = [own!, ...(isLearned ? [{ name: 'This run, k-means', scores: kmeans }] : []), ...baselines];
  const behind = verdictOf(evaluation);
  const lost = behind.some((sentence) => sentence.includes('does better'));
  const notes = [
    evaluation.k === undefined ? '' : `NMI, ACC and ARI with K = ${evaluation.k}`,
    evaluation.classes === undefined ? '' : `${evaluation.classes} labelled classes`,
    'labels were used for measuring only',
  ].filter(Boolean);
  const protocol = Object.entries(evaluation.protocol ?? {}).filter(([, text]) => typeof text === 'string');
  return `<p class="verdict${lost ? ' lost' : ''}">${behind.map(escapeHtml).join('<br>')}</p>
<div class="split">${tableHtml(rows, columns)}
${tableHtml(rows, further)}</div>
<p class="note">${escapeHtml(notes.join('; '))}. The best of each column is marked.</p>${
    protocol.length === 0
      ? ''
      : `
<details><summary>How the figures were obtained</summary><dl class="facts">${protocol
          .map(
            ([name, text]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(text))}</dd></div>`,
          )
          .join('')}</dl></details>`
  }`;
}

/** A table of the columns that have a figure anywhere; nothing where none has. */
function tableHtml(rows: readonly Row[], columns: readonly Column[]): string {
  const used = columns.filter(({ of }) => rows.some(({ scores }) => typeof of(scores) === 'number'));
  if (used.length === 0) return '';
  const best = used.map(({ of }) =>
    Math.max(...rows.map(({ scores }) => of(scores) ?? Number.NEGATIVE_INFINITY)),
  );
  const cell = (scores: ReportScores, column: number) => {
    const value = used[column]!.of(scores);
    if (typeof value !== 'number') return '<td>–</td>';
    const wins = value === best[column];
    return `<td${wins ? ' class="best"' : ''}>${wins ? `<b>${value.toFixed(3)}</b>` : value.toFixed(3)}</td>`;
  };
  return `<div class="scroll"><table>
<thead><tr><th scope="col">Features</th>${used.map(({ title, meaning }) => `<th scope="col"><abbr title="${escapeHtml(meaning)}">${title}</abbr></th>`).join('')}</tr></thead>
<tbody>
${rows.map(({ name, scores }, i) => `<tr${i === 0 ? ' class="own"' : ''}><th scope="row">${name}</th>${used.map((_, column) => cell(scores, column)).join('')}</tr>`).join('\n')}
</tbody></table></div>`;
}
