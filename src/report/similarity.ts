/** How alike positive and negative pairs were over training: two curves with a band of one standard deviation each. */

import { showCount } from '../core/text.ts';
import type { ReportSimilarity } from './data.ts';
import { escapeHtml } from './text.ts';

const WIDTH = 460;
const HEIGHT = 220;
const LEFT = 40;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;
/** More points than this cannot be told apart at this width. */
const POINTS = 150;

const titles = {
  instance: 'Similarity of images: two views of one, and of two',
  cluster: 'Similarity of clusters: one in two views, and two of them',
} as const;

/** Both figures of a run, with what the lines are. */
export function similarityHtml(similarities: readonly ReportSimilarity[]): string {
  const figures = similarities.map(similaritySvg).filter((figure) => figure !== '');
  if (figures.length === 0) return '';
  return `<div class="curves">${figures.join('\n')}</div>
<p class="legend"><span><svg class="key" viewBox="0 0 22 8"><path d="M0 4H22"/></svg>positive pairs</span><span><svg class="key" viewBox="0 0 22 8"><path class="b" d="M0 4H22"/></svg>negative pairs</span><span>bands: one standard deviation</span></p>`;
}

function similaritySvg({ level, steps, positive, negative }: ReportSimilarity): string {
  if (steps.length === 0) return '';
  const groups = groupsOf(steps.length);
  const at = groups.map(([, end]) => steps[end - 1]!);
  const lastStep = Math.max(1, at.at(-1)!);
  const x = (step: number) => (LEFT + (step / lastStep) * (WIDTH - LEFT - RIGHT)).toFixed(1);
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
    (TOP + (1 - (Math.min(1, Math.max(low, value)) - low) / (1 - low)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const path = (values: readonly number[], steps: readonly number[] = at) =>
    values.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(steps[i]!)} ${y(value)}`).join('');
  const band = ({ mean, spread }: (typeof lines)[number]) => {
    const above = path(mean.map((value, i) => value + spread[i]!));
    const below = path(mean.map((value, i) => value - spread[i]!).reverse(), at.toReversed());
    return `<path class="band" d="${above}L${below.slice(1)}Z"/>`;
  };
  const grid = [low, (low + 1) / 2, 1]
    .map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 7}" y="${(Number(y(tick)) + 4).toFixed(1)}" text-anchor="end">${tick.toFixed(1)}</text>`,
    )
    .join('');
  const [own, other] = lines.map(({ mean }) => mean.at(-1)!.toFixed(3));
  const summary = `${titles[level]}: ${own} and ${other} at step ${showCount(lastStep)}.`;
  return `<figure><figcaption>${escapeHtml(titles[level])} <b>${own}</b>, <b>${other}</b></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(summary)}">${lines.map(band).join('')}${grid}<path d="${path(lines[0]!.mean)}"/><path class="b" d="${path(lines[1]!.mean)}"/><text x="${LEFT}" y="${HEIGHT - 7}">0</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 7}" text-anchor="end">step ${showCount(lastStep)}</text></svg></figure>`;
}

/** Equal parts of so many points, `[start, end)` each. */
function groupsOf(count: number): [number, number][] {
  const size = Math.ceil(count / POINTS);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [
    i * size,
    Math.min(count, (i + 1) * size),
  ]);
}

function average(values: readonly number[], [start, end]: readonly [number, number]): number {
  return values.slice(start, end).reduce((sum, value) => sum + value, 0) / (end - start);
}
