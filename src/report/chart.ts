/** Curves over training steps as inline SVG, coloured by the page's style. */
import { showCount } from '../core/text.ts';
import { escapeHtml } from './text.ts';

export interface Curve {
  readonly title: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  /** A level to compare with, for example ln K. */
  readonly line?: { readonly value: number; readonly name: string };
  /** Fixed range of the vertical axis; fitted to the values and the line unless given. */
  readonly range?: readonly [number, number];
}

const WIDTH = 460;
const HEIGHT = 220;
const LEFT = 40;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;
/** More points than this cannot be told apart at this width. */
const POINTS = 300;

/** A figure with the curve: a thin line for the values, a strong one for their running mean when there are many. */
export function curveSvg({ title, steps, values, line, range }: Curve): string {
  const points = thinned(steps, values);
  const numbers = points.map(([, value]) => value);
  if (line) numbers.push(line.value);
  if (points.length === 0) return '';
  const [low, high] = range ?? padded(Math.min(...numbers), Math.max(...numbers));
  const ticks = ticksOf(low, high);
  const lastStep = Math.max(1, steps.at(-1) ?? 1);
  const x = (step: number) => LEFT + (step / lastStep) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) =>
    TOP + (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const path = points
    .map(([step, value], i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
  const last = points.at(-1)!;
  const grid = ticks
    .map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${LEFT - 7}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${label(tick, ticks)}</text>`,
    )
    .join('');
  const level = line
    ? `<line class="level" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(line.value).toFixed(1)}" y2="${y(line.value).toFixed(1)}"/><text class="levelname" x="${WIDTH - RIGHT}" y="${(y(line.value) + (y(line.value) < TOP + 16 ? 14 : -6)).toFixed(1)}" text-anchor="end">${escapeHtml(line.name)} = ${line.value.toFixed(2)}</text>`
    : '';
  const summary = `${title}: ${points[0]![1].toFixed(3)} at step ${showCount(points[0]![0])}, ${last[1].toFixed(3)} at step ${showCount(last[0])}${line ? `; ${line.name} is ${line.value.toFixed(2)}` : ''}.`;
  return `<figure><figcaption>${escapeHtml(title)} <b>${last[1].toFixed(3)}</b></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(summary)}">${grid}${level}<path d="${path}"/><circle cx="${x(last[0]).toFixed(1)}" cy="${y(last[1]).toFixed(1)}" r="3"/><text x="${LEFT}" y="${HEIGHT - 7}">0</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 7}" text-anchor="end">step ${showCount(lastStep)}</text></svg></figure>`;
}

/** At most `POINTS` points: means over equal parts; values that are not numbers are left out. */
function thinned(steps: readonly number[], values: readonly (number | null)[]): [number, number][] {
  const known = steps.flatMap((step, i): [number, number][] => {
    const value = values[i];
    return typeof value === 'number' && Number.isFinite(value) ? [[step, value]] : [];
  });
  const size = Math.ceil(known.length / POINTS);
  const out: [number, number][] = [];
  for (let from = 0; from < known.length; from += size) {
    const part = known.slice(from, from + size);
    const sum = part.reduce((total, [, value]) => total + value, 0);
    out.push([part.at(-1)![0], sum / part.length]);
  }
  return out;
}

function padded(low: number, high: number): [number, number] {
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

/** Three to six round numbers in a range: steps of 1, 2 or 5 times a power of ten. */
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return ticks;
}

function label(tick: number, ticks: readonly number[]): string {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  return tick.toFixed(Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))));
}
