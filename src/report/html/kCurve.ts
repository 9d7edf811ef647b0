/**
 * Groups by their number as SVG: how far they are above chance, with the suggested range, and how
 * well they repeat.
 */
import type { ReportSuggestion } from '../../run/index.ts';
import { gridSvg, pathOf, plot, ticksOf } from './plot.ts';
import { escapeHtml } from './text.ts';

/** Smallest distance of two labels on the axis. */
const LABEL_GAP = 24;

interface Line {
  readonly name: string;
  /** Class of the style sheet. */
  readonly look: string;
  readonly values: readonly number[];
}

/** Draws the score, and the measures that it is made of. */
export function kCurveHtml(suggestion: ReportSuggestion): string {
  const { k, range, found, curve } = suggestion;
  if (curve.length < 2) return '';
  const ks = curve.map((entry) => entry.k);
  const most = Math.max(...curve.map(({ score }) => score), 1e-9) * 1.08;
  const score = figure(suggestion, {
    title:
      found === false
        ? 'Fit of the number of clusters; no groups found'
        : 'Fit of the number of clusters; suggested ' +
          `${range[0] === range[1] ? k : `${range[0]} to ${range[1]}`}`,
    high: most,
    lines: [{ name: 'score', look: 'a', values: curve.map((entry) => entry.score) }],
  });
  const parts = figure(suggestion, {
    title: 'Agreement of the groups',
    high: 1,
    lines: [
      { name: 'samples agree', look: 'a', values: curve.map(({ stability }) => stability) },
      {
        name: 'random starts agree',
        look: 'b',
        values: curve.map(({ seedStability }) => seedStability),
      },
      { name: 'neighbors together', look: 'c', values: curve.map(({ neighbours }) => neighbours) },
    ],
  });
  return `<div class="curves" data-tried="${ks.join(' ')}">${score}${parts}</div>`;
}

function figure(
  { k, range, curve }: ReportSuggestion,
  { title, high, lines }: { title: string; high: number; lines: readonly Line[] },
): string {
  const ks = curve.map((entry) => entry.k);
  const first = Math.log(Math.min(ks[0]!, range[0]));
  const last = Math.log(Math.max(ks.at(-1)!, range[1]));
  // Logarithmic axis: the distance of 2 and 4 clusters is that of 20 and 40.
  const { width, height, left, right, top, bottom } = plot;
  const x = (count: number) =>
    left + ((Math.log(count) - first) / (last - first || 1)) * (width - left - right);
  const y = (value: number) =>
    top + (1 - Math.min(1, Math.max(0, value / high))) * (height - top - bottom);
  const band = `<rect class="band" x="${(x(range[0]) - 4).toFixed(1)}" y="${top}" width="${(x(range[1]) - x(range[0]) + 8).toFixed(1)}" height="${height - top - bottom}"/>`;
  const paths = lines.map(
    ({ look, values }) =>
      `<path class="${look}" d="${pathOf(values.map((value, i) => [x(ks[i]!), y(value)]))}"/>`,
  );
  const at = ks.indexOf(k);
  const dots = lines.map(({ values }) =>
    at < 0 ? '' : `<circle cx="${x(k).toFixed(1)}" cy="${y(values[at]!).toFixed(1)}" r="3"/>`,
  );
  let written = -Infinity;
  const labels = ks.map((count) => {
    if (x(count) - written < LABEL_GAP) return '';
    written = x(count);
    return `<text x="${x(count).toFixed(1)}" y="${height - 7}" text-anchor="middle">${count}</text>`;
  });
  const legend = lines
    .map(
      ({ name, look }) =>
        `<span><svg class="key" viewBox="0 0 22 8"><path class="${look}" d="M0 4L22 4"/></svg>${name}</span>`,
    )
    .join('');
  const summary = lines
    .map(
      ({ name, values }) =>
        `${name} ${(values[at < 0 ? 0 : at] ?? 0).toFixed(2)} at ${at < 0 ? ks[0] : k} clusters`,
    )
    .join('; ');
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${title}. ${summary}`)}">${band}${gridSvg(ticksOf(0, high), y)}${paths.join('')}${dots.join('')}${labels.join('')}</svg>${lines.length > 1 ? `<p class="legend">${legend}</p>` : ''}</figure>`;
}
