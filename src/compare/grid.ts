/** Settings that a comparison varies: every combination of values (`--grid`), or one value at a time (`--vary`). */
import { LikenessError } from '../core/errors.ts';
import type { SettingName } from '../methods/index.ts';

/** What a row changes: setting to text. */
export type GridPoint = Readonly<Record<string, string>>;

/** Settings that the comparison itself decides, and what with. */
const decided: Partial<Readonly<Record<SettingName, string>>> = {
  method: '`methods`',
  seed: '`seeds`',
  epochs: '`epochs` or `minutes`',
};

/**
 * The points of a comparison, each once: every combination of the grid's values, the last key changing fastest, and behind
 * each of them the same with one varied value at a time. One empty point where nothing is asked for.
 *
 * Values are separated by commas, or by semicolons where one is written: `clusters=512;512,256`.
 */
export function gridPoints(grid: readonly string[], vary: readonly string[] = []): GridPoint[] {
  const seen = new Set<string>();
  let points: GridPoint[] = [{}];
  for (const text of grid) {
    const { key, values } = readValues('grid', text, seen);
    points = points.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  }
  const alone = vary.flatMap((text) => {
    const { key, values } = readValues('vary', text, seen);
    return values.map((value) => ({ [key]: value }));
  });
  return points.flatMap((point) => [point, ...alone.map((change) => ({ ...point, ...change }))]);
}

function readValues(option: string, text: string, seen: Set<string>): { key: string; values: string[] } {
  const at = text.indexOf('=');
  const key = text.slice(0, at).trim();
  const values = text
    .slice(at + 1)
    .split(text.includes(';') ? ';' : ',')
    .map((value) => value.trim());
  if (at < 1 || values.some((value) => value === '') || new Set(values).size < values.length) {
    throw new LikenessError(
      'option.invalid',
      `${option}: received "${text}"; expected key=a,b,c with different values, such as temperature=0.1,0.2`,
    );
  }
  requireFree(option, key);
  if (seen.has(key)) {
    throw new LikenessError(
      'option.invalid',
      `${option}: received ${key} twice; expected all its values in one \`grid\` or \`vary\``,
    );
  }
  seen.add(key);
  return { key, values };
}

/** Throws where an option sets what the comparison itself decides. */
export function requireFree(option: string, key: string): void {
  const instead = decided[key as SettingName];
  if (instead === undefined) return;
  throw new LikenessError(
    'option.invalid',
    `${option}: received ${key}, which all runs get from ${instead}; use that instead`,
  );
}

/** A point as people read it: `temperature 0.2, queueLength 0`. */
export function showGrid(point: GridPoint): string {
  return Object.entries(point)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
