/** The run's scores beside the baselines: tables with the best of each column marked, and a verdict. */
import {
  furtherScores,
  mainScores,
  type ScoreColumn,
  type Scores,
  type Verdict,
  verdictsOf,
} from '../evaluate/index.ts';
import type { ReportEvaluation } from './data.ts';
import { escapeHtml } from './text.ts';

interface Row {
  readonly name: string;
  readonly scores: Scores;
}

function rowsOf(evaluation: ReportEvaluation): Row[] {
  const { untrained, rawPixels, colourHistogram } = evaluation.baselines ?? {};
  return [
    { name: 'trained encoder', scores: evaluation },
    ...(untrained ? [{ name: 'untrained encoder', scores: untrained }] : []),
    ...(rawPixels ? [{ name: 'raw pixels', scores: rawPixels }] : []),
    ...(colourHistogram ? [{ name: 'color histogram', scores: colourHistogram }] : []),
  ];
}

/** The verdict on the run; baselines that are ahead anywhere are named with the values. */
export function reportVerdict(evaluation: ReportEvaluation): Verdict[] {
  return verdictsOf(rowsOf(evaluation).map(({ name, scores }) => ({ title: name, scores })));
}

/** The section's inner HTML. */
export function evaluationHtml(evaluation: ReportEvaluation): string {
  const [own, ...baselines] = rowsOf(evaluation);
  const { kmeans } = evaluation;
  const isLearned = evaluation.clustering?.by === 'head' && kmeans !== undefined;
  // Beside clusters that the method has learned itself, those of k-means on the same features.
  const rows = [
    own!,
    ...(isLearned ? [{ name: 'trained encoder, k-means', scores: kmeans }] : []),
    ...baselines,
  ];
  const verdicts = reportVerdict(evaluation);
  const isBad = verdicts.some(({ tone }) => tone === 'bad');
  const notes = [
    evaluation.k === undefined ? '' : `NMI, ACC and ARI with K = ${evaluation.k}`,
    evaluation.classes === undefined ? '' : `${evaluation.classes} labelled classes`,
    'labels were used for measuring only',
  ].filter(Boolean);
  const protocol = Object.entries(evaluation.protocol ?? {}).filter(([, text]) => typeof text === 'string');
  return `<p class="verdict${isBad ? ' lost' : ''}">${verdicts.map(({ text }) => escapeHtml(text)).join('<br>')}</p>
<div class="split">${tableHtml(rows, mainScores)}
${tableHtml(rows, furtherScores)}</div>
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
function tableHtml(rows: readonly Row[], columns: readonly ScoreColumn[]): string {
  const used = columns.filter(({ value }) => rows.some(({ scores }) => typeof value(scores) === 'number'));
  if (used.length === 0) return '';
  const best = used.map(({ value }) =>
    Math.max(...rows.map(({ scores }) => value(scores) ?? Number.NEGATIVE_INFINITY)),
  );
  const cell = (scores: Scores, column: number) => {
    const value = used[column]!.value(scores);
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
