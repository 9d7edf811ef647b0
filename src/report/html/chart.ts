/** Curves over training steps as inline SVG, colored by the style of the page. */
import { showCount } from '../../core/text.ts';
import { gridSvg, pathOf, plot, stepAxisSvg, ticksOf } from './plot.ts';
import { escapeHtml } from './text.ts';

export interface Curve {
  readonly title: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  /** Level to compare with, such as ln K. */
  readonly line?: { readonly value: number; readonly name: string };
  /** Range of the vertical axis. Default: fitted to the values and the line. */
  readonly range?: readonly [number, number];
}

/** Largest number of points; more cannot be distinguished at this width. */
const MAX_POINTS = 300;

/** Draws a figure with the curve; empty where no value is a number. */
export function curveSvg({ title, steps, values, line, range }: Curve): string {
  const points = thinned(steps, values);
  if (points.length === 0) return '';
  const { width, height, left, right, top, bottom } = plot;
  const numbers = [...points.map(([, value]) => value), ...(line ? [line.value] : [])];
  const [low, high] = range ?? padded(Math.min(...numbers), Math.max(...numbers));
  const lastStep = Math.max(1, steps.at(-1) ?? 1);
  const x = (step: number) => left + (step / lastStep) * (width - left - right);
  const y = (value: number) =>
    top +
    (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) *
      (height - top - bottom);
  const [first, last] = [points[0]!, points.at(-1)!];
  const summary =
    `${title}: ${first[1].toFixed(3)} at step ${showCount(first[0])}, ` +
    `${last[1].toFixed(3)} at step ${showCount(last[0])}` +
    `${line ? `; ${line.name} is ${line.value.toFixed(2)}` : ''}.`;
  return `<figure><figcaption>${escapeHtml(title)} <b>${last[1].toFixed(3)}</b></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(summary)}">${gridSvg(ticksOf(low, high), y)}${line ? levelSvg(line, y(line.value)) : ''}<path d="${pathOf(points.map(([step, value]) => [x(step), y(value)]))}"/><circle cx="${x(last[0]).toFixed(1)}" cy="${y(last[1]).toFixed(1)}" r="3"/>${stepAxisSvg(showCount(lastStep))}</svg></figure>`;
}

/** Draws a dashed level with its name, below the line where there is no space above. */
function levelSvg({ name, value }: NonNullable<Curve['line']>, y: number): string {
  const { width, left, right, top } = plot;
  const label = y + (y < top + 16 ? 14 : -6);
  return `<line class="level" x1="${left}" x2="${width - right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/><text class="levelname" x="${width - right}" y="${label.toFixed(1)}" text-anchor="end">${escapeHtml(name)} = ${value.toFixed(2)}</text>`;
}

/** Averages equal parts to at most `MAX_POINTS` points, without values that are not numbers. */
function thinned(steps: readonly number[], values: readonly (number | null)[]): [number, number][] {
  const known = steps.flatMap((step, i): [number, number][] => {
    const value = values[i];
    return typeof value === 'number' && Number.isFinite(value) ? [[step, value]] : [];
  });
  const size = Math.ceil(known.length / MAX_POINTS);
  const out: [number, number][] = [];
  for (let from = 0; from < known.length; from += size) {
    const part = known.slice(from, from + size);
    const sum = part.reduce((total, [, value]) => total + value, 0);
    out.push([part.at(-1)![0], sum / part.length]);
  }
  return out;
}

function padded(low: number, high: number): [number, number] {
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - margin, high + margin];
}
