/**
 * Curves of several methods over training time as inline SVG, with a color, a dash and a mark per
 * line.
 */

import { ticksOf } from '../report/html/plot.ts';
import { escapeHtml } from '../report/html/text.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly minutes: number; readonly value: number | null }[];
}

const WIDTH = 620;
const HEIGHT = 320;
const LEFT = 48;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 40;
/** Number of colors, `--line0` to `--line5` of the style sheet; further lines differ by dashes. */
const COLORS = 6;
const DASHES = ['', '7 4', '2 4'] as const;
const MARKS = 4;

/** Chooses color, dash and mark of a line by its index. */
function look(index: number) {
  return {
    color: index % COLORS,
    dash: DASHES[Math.floor(index / COLORS) % DASHES.length]!,
    mark: index % MARKS,
  };
}

/** Draws a figure with one line per method; empty where no line has a value. */
export function curvesSvg(title: string, lines: readonly Line[]): string {
  const known = lines.map(({ name, points }) => ({
    name,
    points: points.flatMap(({ minutes, value }) => (value === null ? [] : [{ minutes, value }])),
  }));
  const all = known.flatMap(({ points }) => points);
  if (all.length === 0) return '';
  const values = all.map(({ value }) => value);
  const margin = (Math.max(...values) - Math.min(...values) || 0.1) * 0.08;
  const [low, high] = [
    Math.max(0, Math.min(...values) - margin),
    Math.min(1, Math.max(...values) + margin),
  ];
  const end = Math.max(...all.map(({ minutes }) => minutes)) || 1;
  const x = (minutes: number) => LEFT + (minutes / end) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) =>
    TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const grid = ticksOf(low, high).map(
    ({ at, text }) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(at).toFixed(1)}" y2="${y(at).toFixed(1)}"/><text x="${LEFT - 7}" y="${(y(at) + 4).toFixed(1)}" text-anchor="end">${text}</text>`,
  );
  const across = ticksOf(0, end).map(
    ({ at, text }) =>
      `<text x="${x(at).toFixed(1)}" y="${HEIGHT - 22}" text-anchor="middle">${text}</text>`,
  );
  const drawn = known.flatMap(({ name, points }, index) => {
    if (points.length === 0) return [];
    const { color, dash, mark } = look(index);
    const path = points
      .map(
        ({ minutes, value }, i) =>
          `${i === 0 ? 'M' : 'L'}${x(minutes).toFixed(1)} ${y(value).toFixed(1)}`,
      )
      .join('');
    const marks = points.map(({ minutes, value }) => markAt(x(minutes), y(value), mark)).join('');
    return [
      `<g class="c${color}"><title>${escapeHtml(name)}</title><path d="${path}"${dash ? ` stroke-dasharray="${dash}"` : ''}/>${marks}</g>`,
    ];
  });
  const said = known
    .flatMap(({ name, points }) =>
      points.length === 0
        ? []
        : [`${name} from ${points[0]!.value.toFixed(3)} to ${points.at(-1)!.value.toFixed(3)}`],
    )
    .join('; ');
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>
<svg class="curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}: ${said}`)}">${grid.join('')}${across.join('')}<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 5}" text-anchor="middle">minutes of training</text>${drawn.join('\n')}</svg></figure>`;
}

/** Draws the legend of the lines, the same for every figure of a page. */
export function legendHtml(names: readonly string[]): string {
  const items = names.map((name, index) => {
    const { color, dash, mark } = look(index);
    return `<li><svg class="curves key" viewBox="0 0 40 14" aria-hidden="true"><g class="c${color}"><path d="M1 7L39 7"${dash ? ` stroke-dasharray="${dash}"` : ''}/>${markAt(20, 7, mark)}</g></svg>${escapeHtml(name)}</li>`;
  });
  return `<ul class="legendlist">${items.join('')}</ul>`;
}

function markAt(x: number, y: number, mark: number): string {
  const [cx, cy] = [x.toFixed(1), y.toFixed(1)];
  switch (mark) {
    case 0:
      return `<circle cx="${cx}" cy="${cy}" r="3.5"/>`;
    case 1:
      return `<rect x="${(x - 3.2).toFixed(1)}" y="${(y - 3.2).toFixed(1)}" width="6.4" height="6.4"/>`;
    case 2:
      return `<polygon points="${cx},${(y - 4.4).toFixed(1)} ${(x + 4).toFixed(1)},${(y + 3.2).toFixed(1)} ${(x - 4).toFixed(1)},${(y + 3.2).toFixed(1)}"/>`;
    default:
      return `<polygon points="${cx},${(y - 4.6).toFixed(1)} ${(x + 4.6).toFixed(1)},${cy} ${cx},${(y + 4.6).toFixed(1)} ${(x - 4.6).toFixed(1)},${cy}"/>`;
  }
}
