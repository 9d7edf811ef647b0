/**
 * Scores of the run beside the baselines: tables with the best of each column marked, and a
 * verdict.
 */
import { plural } from '../../core/text.ts';
import {
  kmeansTitle,
  type ScoreColumn,
  type ScoredEncoder,
  type Scores,
  scoreTables,
} from '../../evaluate/index.ts';
import type { StoredEvaluation } from '../../run/index.ts';
import { encodersOf, verdictsOnRun } from '../verdicts.ts';
import { escapeHtml } from './text.ts';

/** Builds the section. */
export function evaluationHtml(evaluation: StoredEvaluation): string {
  const [own, ...baselines] = encodersOf(evaluation);
  const { kmeans, encoder } = evaluation;
  const { by = 'kmeans' } = evaluation.clustering ?? {};
  // Other clusters are shown beside those of k-means on the same features.
  const rows = [
    own!,
    ...(by !== 'kmeans' && kmeans !== undefined
      ? [{ title: kmeansTitle({ id: encoder?.id ?? '', title: own!.title }), scores: kmeans }]
      : []),
    ...baselines,
  ];
  const verdicts = verdictsOnRun(evaluation);
  const isBad = verdicts.some(({ tone }) => tone === 'bad');
  const notes = [
    evaluation.k ? `NMI, ACC and ARI are measured with K = ${evaluation.k}.` : '',
    evaluation.classes ? `The images have ${plural(evaluation.classes, 'class', 'classes')}.` : '',
    'Labels were used for measuring only. The best score of each column is marked.',
  ].filter(Boolean);
  const protocol = Object.entries(evaluation.protocol ?? {}).filter(
    ([, text]) => typeof text === 'string',
  );
  return `<p class="verdict${isBad ? ' lost' : ''}">${verdicts.map(({ text }) => escapeHtml(text)).join('<br>')}</p>
<div class="split">${scoreTables.map((columns) => tableHtml(rows, columns)).join('\n')}</div>
<p class="note">${escapeHtml(notes.join(' '))}</p>${
    protocol.length === 0
      ? ''
      : `
<details><summary>Protocol of each score</summary><dl class="facts">${protocol
          .map(
            ([name, text]) =>
              `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(text))}</dd></div>`,
          )
          .join('')}</dl></details>`
  }`;
}

/** Builds a table of the columns that have any score; empty where none has. */
function tableHtml(rows: readonly ScoredEncoder[], columns: readonly ScoreColumn[]): string {
  const used = columns.filter(({ value }) =>
    rows.some(({ scores }) => typeof value(scores) === 'number'),
  );
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
${rows.map(({ title, scores }, i) => `<tr${i === 0 ? ' class="own"' : ''}><th scope="row">${escapeHtml(title)}</th>${used.map((_, column) => cell(scores, column)).join('')}</tr>`).join('\n')}
</tbody></table></div>`;
}
