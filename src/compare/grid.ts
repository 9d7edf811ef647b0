/**
 * Settings that a comparison varies: every combination of values (`grid`), or one at a time
 * (`vary`).
 */
import { LikenessError } from '../core/errors.ts';
import { currentName, type FlatSettings, showSetting } from '../methods/index.ts';

/** Values to compare by the name of their setting, such as `{ temperature: [0.1, 0.2] }`. */
export type SettingValues = Readonly<Record<string, readonly unknown[]>>;

/** Settings of a row that differ from the other rows, as text by name. */
export type GridPoint = Readonly<Record<string, string>>;

/** Settings that an option of the comparison decides, with its name. */
const decided: Readonly<Record<string, string>> = {
  method: '`methods`',
  seed: '`seeds`',
  epochs: '`epochs` or `minutes`',
};

/**
 * Lists the points of a comparison: every combination of the grid's values, the last name changing
 * fastest.
 *
 * Each is followed by itself with one varied value at a time. Without grid and varied values there
 * is one empty point.
 *
 * @throws LikenessError `option.invalid` for a setting that another option decides, for one in both
 * `grid` and `vary`, and for values that are missing or equal.
 */
export function gridPoints({
  grid = {},
  vary = {},
}: {
  grid?: SettingValues;
  vary?: SettingValues;
}): FlatSettings[] {
  const combined = checkedValues('grid', grid);
  const varied = checkedValues('vary', vary);
  const names = new Set(combined.map(({ name }) => name));
  for (const { name } of varied) {
    if (!names.has(name)) continue;
    throw new LikenessError(
      'option.invalid',
      `vary: received ${name}, which \`grid\` has too; expected all its values in one of them`,
    );
  }
  let points: FlatSettings[] = [{}];
  for (const { name, values } of combined) {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  const alone = varied.flatMap(({ name, values }) => values.map((value) => ({ [name]: value })));
  return points.flatMap((point) => [point, ...alone.map((change) => ({ ...point, ...change }))]);
}

function checkedValues(option: string, given: SettingValues) {
  return Object.entries(given).map(([key, values]) => {
    const name = currentName(key);
    requireFree(option, name);
    const texts = values.map((value) => textOf(name, value));
    if (values.length === 0 || new Set(texts).size < values.length) {
      throw new LikenessError(
        'option.invalid',
        `${option}: received ${name} with ${texts.join(', ') || 'no values'}; expected one or ` +
          'more different values',
      );
    }
    return { name, values };
  });
}

/** Throws where an option sets a setting that the comparison decides. */
export function requireFree(option: string, name: string): void {
  const instead = decided[name];
  if (instead === undefined) return;
  throw new LikenessError(
    'option.invalid',
    `${option}: received ${name}, which all runs get from ${instead}; use that instead`,
  );
}

/** Formats a value, a large number as `1e30`: folders are named by it. */
const textOf = (name: string, value: unknown) =>
  String(showSetting(name, value)).replace(/^(-?[\d.]+e)\+/, '$1');

/** Formats the values of a point, such as `{ crops: '2x32', temperature: '0.2' }`. */
export function labelsOf(values: FlatSettings): GridPoint {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, textOf(name, value)]),
  );
}

/** Formats a point, such as `temperature 0.2, queueLength 0`. */
export function showGrid(point: GridPoint): string {
  return Object.entries(point)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
