/** Training of a run: curves, the judgment, and what was measured without labels. */
import { verdictWords } from '../../train/index.ts';
import type { ReportMeasures, ReportTraining } from '../runReport.ts';
import { curveSvg } from './chart.ts';
import { similarityHtml } from './similarity.ts';
import { escapeHtml } from './text.ts';

/** Formats the curves with the judgment; nothing where no step was recorded. */
export function trainingHtml(training: ReportTraining | undefined): string {
  if (training === undefined || training.steps.length === 0) return '';
  const { steps, loss, chance, usage, similarities = [], notes } = training;
  const use = usage && {
    title: 'Use of prototypes or clusters (entropy, 1: even)',
    steps: usage.steps,
    values: usage.entropy,
    range: [0, 1] as const,
  };
  return `${verdictHtml(training)}${notes.map((text) => `<p class="note">${escapeHtml(text)}</p>`).join('')}
<div class="curves">${curveSvg({ title: 'Loss', steps, values: loss, line: chance })}
${use ? curveSvg(use) : ''}</div>
${similarityHtml(similarities)}`;
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

/** Formats the last measures, each with its meaning. */
export function measuresHtml(measures: ReportMeasures | undefined): string {
  if (measures === undefined) return '';
  const items = measures.items.map(
    ({ name, value, first, meaning }) =>
      `<div><dt>${escapeHtml(name)}</dt><dd><b>${value.toFixed(3)}</b>${first === undefined ? '' : ` <small>from ${first.toFixed(3)}</small>`}<p class="note">${escapeHtml(meaning)}</p></dd></div>`,
  );
  return `<p class="note">${escapeHtml(measures.when)}</p><dl class="facts">${items.join('')}</dl>`;
}
