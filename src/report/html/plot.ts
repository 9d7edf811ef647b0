/** Frame of a line plot: size, axes and ticks, shared by the figures of a page. */

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export const plot = { width: 460, height: 220, left: 44, right: 12, top: 14, bottom: 26 } as const;

/** Draws grid lines with their numbers; `y` maps a value to the page. */
export function gridSvg(ticks: readonly Tick[], y: (value: number) => number): string {
  const { left, width, right } = plot;
  return ticks
    .map(({ at, text }) => {
      const height = y(at).toFixed(1);
      return `<line class="grid" x1="${left}" x2="${width - right}" y1="${height}" y2="${height}"/><text x="${left - 7}" y="${(y(at) + 4).toFixed(1)}" text-anchor="end">${text}</text>`;
    })
    .join('');
}

/** Draws the ends of an axis of training steps. */
export function stepAxisSvg(lastStep: string): string {
  const { left, width, right, height } = plot;
  return `<text x="${left}" y="${height - 7}">0</text><text x="${width - right}" y="${height - 7}" text-anchor="end">step ${lastStep}</text>`;
}

/** Builds the path of a line through points on the page. */
export function pathOf(points: readonly (readonly [x: number, y: number])[]): string {
  return points
    .map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

/** Chooses three to six round numbers in a range, in steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(low: number, high: number): Tick[] {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  const ticks: Tick[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push({ at: i * step, text: (i * step).toFixed(digits) });
  }
  return ticks;
}
