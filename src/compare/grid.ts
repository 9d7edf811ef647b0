/**
 * Settings that a comparison varies: every combination of values (`grid`), or one at a time
 * (`vary`).
 */
import { LikenessError } from '../core/errors.ts';

/** Settings of a row that differ from the other rows, as text by name. */
export type GridPoint = Readonly<Record<string, string>>;

/** Settings that an option of the comparison decides, with its name. */
const decided: Readonly<Record<string, string>> = {
  method: '`methods`',
  seed: '`seeds`',
  epochs: '`epochs` or `minutes`',
};

/**
 * Lists the points of a comparison: every combination of the grid's values, the last key changing
 * fastest.
 *
 * Each is followed by itself with one varied value at a time. Without grid and varied values there
 * is one empty point. Values are separated by commas, or by semicolons where a text has one, such
 * as `clusters=512;512,256`.
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

/** Throws where an option sets a setting that the comparison decides. */
export function requireFree(option: string, key: string): void {
  const instead = decided[key];
  if (instead === undefined) return;
  throw new LikenessError(
    'option.invalid',
    `${option}: received ${key}, which all runs get from ${instead}; use that instead`,
  );
}

/** Formats a point, such as `temperature 0.2, queueLength 0`. */
export function showGrid(point: GridPoint): string {
  return Object.entries(point)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
