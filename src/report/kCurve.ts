/** How well each number of clusters fits: the score with the recommended range, and the measures behind it, as SVG. */
import type { ReportSuggestion } from './data.ts';
import { escapeHtml } from './text.ts';

const WIDTH = 460;
const HEIGHT = 220;
const LEFT = 40;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;
/** Numbers of clusters closer together than this on the axis are not all written down. */
const LABEL_GAP = 24;

interface Line {
  readonly name: string;
  /** Class of the style: how the line is drawn. */
  readonly look: string;
  readonly values: readonly number[];
}

/** Two figures: the score, and stability between halves and random starts and neighbours kept together. */
export function kCurveHtml(suggestion: ReportSuggestion): string {
  const { k, range, curve } = suggestion;
  if (curve.length < 2) return '';
  const ks = curve.map((entry) => entry.k);
  const most = Math.max(...curve.map(({ score }) => score), 1e-9) * 1.08;
  const score = figure(suggestion, {
    title: `Fit of the number of clusters; recommended ${range[0] === range[1] ? `${k}` : `${range[0]} to ${range[1]}`}`,
    high: most,
    lines: [{ name: 'score', look: 'a', values: curve.map((entry) => entry.score) }],
  });
  const parts = figure(suggestion, {
    title: 'What it is made of, besides separation',
    high: 1,
    lines: [
      { name: 'halves agree', look: 'a', values: curve.map(({ stability }) => stability) },
      { name: 'random starts agree', look: 'b', values: curve.map(({ seedStability }) => seedStability) },
      { name: 'neighbours together', look: 'c', values: curve.map(({ neighbours }) => neighbours) },
    ],
  });
  return `<div class="curves" data-tried="${ks.join(' ')}">${score}${parts}</div>`;
}

function figure(
  { k, range, curve }: ReportSuggestion,
  { title, high, lines }: { title: string; high: number; lines: readonly Line[] },
): string {
  const ks = curve.map((entry) => entry.k);
  const [first, last] = [Math.log(ks[0]!), Math.log(ks.at(-1)!)];
  // A logarithmic axis: from 2 to 4 clusters is as far as from 20 to 40.
  const x = (count: number) =>
    LEFT + ((Math.log(count) - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - Math.min(1, Math.max(0, value / high))) * (HEIGHT - TOP - BOTTOM);
  const band = `<rect class="band" x="${(x(range[0]) - 4).toFixed(1)}" y="${TOP}" width="${(x(range[1]) - x(range[0]) + 8).toFixed(1)}" height="${HEIGHT - TOP - BOTTOM}"/>`;
  const grid = [0, 0.5, 1]
    .map((part) => part * high)
    .map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${LEFT - 7}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick.toFixed(2)}</text>`,
    )
    .join('');
  const paths = lines.map(({ look, values }) => {
    const d = values
      .map((value, i) => `${i === 0 ? 'M' : 'L'}${x(ks[i]!).toFixed(1)} ${y(value).toFixed(1)}`)
      .join('');
    return `<path class="${look}" d="${d}"/>`;
  });
  const at = ks.indexOf(k);
  const dots = lines.map(
    ({ values }) => `<circle cx="${x(k).toFixed(1)}" cy="${y(values[at] ?? 0).toFixed(1)}" r="3"/>`,
  );
  let written = -Infinity;
  const labels = ks.map((count) => {
    if (x(count) - written < LABEL_GAP) return '';
    written = x(count);
    return `<text x="${x(count).toFixed(1)}" y="${HEIGHT - 7}" text-anchor="middle">${count}</text>`;
  });
  const legend = lines
    .map(
      ({ name, look }) =>
        `<span><svg class="key" viewBox="0 0 22 8"><path class="${look}" d="M0 4L22 4"/></svg>${name}</span>`,
    )
    .join('');
  const summary = lines
    .map(({ name, values }) => `${name} ${(values[at] ?? 0).toFixed(2)} at ${k} clusters`)
    .join('; ');
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}. ${summary}`)}">${band}${grid}${paths.join('')}${dots.join('')}${labels.join('')}</svg>${lines.length > 1 ? `<p class="legend">${legend}</p>` : ''}</figure>`;
}
