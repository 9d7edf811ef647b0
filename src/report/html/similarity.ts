/**
 * Similarity of positive and negative pairs over training, with bands of one standard deviation.
 */

import { showCount } from '../../core/text.ts';
import type { ReportSimilarity } from '../runReport.ts';
import { gridSvg, pathOf, plot, stepAxisSvg, ticksOf } from './plot.ts';
import { escapeHtml } from './text.ts';

/** Largest number of points; more cannot be distinguished at this width. */
const MAX_POINTS = 150;

const titles = {
  instance: 'Cosine of two views: same image, different images',
  cluster: 'Cosine of two clusters: same cluster in two views, different clusters',
} as const;

/** Draws both figures of a run with a legend. */
export function similarityHtml(similarities: readonly ReportSimilarity[]): string {
  const figures = similarities.map(similaritySvg).filter((figure) => figure !== '');
  if (figures.length === 0) return '';
  return `<div class="curves">${figures.join('\n')}</div>
<p class="legend"><span><svg class="key" viewBox="0 0 22 8"><path d="M0 4H22"/></svg>positive pairs</span><span><svg class="key" viewBox="0 0 22 8"><path class="b" d="M0 4H22"/></svg>negative pairs</span><span>Bands show one standard deviation.</span></p>`;
}

function similaritySvg({ level, steps, positive, negative }: ReportSimilarity): string {
  if (steps.length === 0) return '';
  const groups = groupsOf(steps.length);
  const at = groups.map(([, end]) => steps[end - 1]!);
  const lastStep = Math.max(1, at.at(-1)!);
  const { width, height, left, right, top, bottom } = plot;
  const x = (step: number) => left + (step / lastStep) * (width - left - right);
  const lines = [positive, negative].map(({ mean, spread }) => ({
    mean: groups.map((group) => average(mean, group)),
    spread: groups.map((group) => average(spread, group)),
  }));
  const lowest = Math.min(
    0,
    ...lines.flatMap(({ mean, spread }) => mean.map((value, i) => value - spread[i]!)),
  );
  const low = Math.max(-1, Math.floor(lowest * 5) / 5);
  const y = (value: number) =>
    top + (1 - (Math.min(1, Math.max(low, value)) - low) / (1 - low)) * (height - top - bottom);
  const path = (values: readonly number[], steps: readonly number[] = at) =>
    pathOf(values.map((value, i) => [x(steps[i]!), y(value)]));
  const band = ({ mean, spread }: (typeof lines)[number]) => {
    const above = path(mean.map((value, i) => value + spread[i]!));
    const below = path(mean.map((value, i) => value - spread[i]!).reverse(), at.toReversed());
    return `<path class="band" d="${above}L${below.slice(1)}Z"/>`;
  };
  const [own, other] = lines.map(({ mean }) => mean.at(-1)!.toFixed(3));
  const summary = `${titles[level]}: ${own} and ${other} at step ${showCount(lastStep)}.`;
  return `<figure><figcaption>${escapeHtml(titles[level])} <b>${own}</b>, <b>${other}</b></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(summary)}">${lines.map(band).join('')}${gridSvg(ticksOf(low, 1), y)}<path d="${path(lines[0]!.mean)}"/><path class="b" d="${path(lines[1]!.mean)}"/>${stepAxisSvg(showCount(lastStep))}</svg></figure>`;
}

/** Splits points into equal parts, `[start, end)` each. */
function groupsOf(count: number): [number, number][] {
  const size = Math.ceil(count / MAX_POINTS);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [
    i * size,
    Math.min(count, (i + 1) * size),
  ]);
}

function average(values: readonly number[], [start, end]: readonly [number, number]): number {
  return values.slice(start, end).reduce((sum, value) => sum + value, 0) / (end - start);
}
