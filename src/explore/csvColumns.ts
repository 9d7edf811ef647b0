/** Columns of a CSV file, which color the map beside those of the run. */
import { LikenessError, reasonOf } from '../core/errors.ts';
import { indexOfNames, isPathColumn } from '../data/index.ts';
import { decodeCsv, readRegular, utf8Text } from '../formats/index.ts';
import type { ColumnAnswer, ColumnData, ColumnName } from './protocol.ts';

/** Cells of a CSV file. */
export interface CsvTable {
  readonly file: string;
  /** Paths or file names of the images, by line. */
  readonly paths: readonly string[];
  /** Other columns with their cells. */
  readonly columns: readonly { readonly title: string; readonly cells: readonly string[] }[];
}

/** Column of a table for the images of a run. */
export interface CsvColumn {
  readonly answer: ColumnAnswer;
  /** Values by row, -1 or NaN for images without one. */
  readonly data: ColumnData;
}

/** Most columns of a file, and most different texts of a column, so that a legend stays usable. */
const MAX_COLUMNS = 100;
const MAX_TEXTS = 2000;
const DAY_MS = 86_400_000;

/**
 * Reads a CSV file with a header. One column names the images by their paths relative to the
 * source, or by their file names.
 *
 * @throws LikenessError `columns.unreadable`, `columns.malformed`, `csv.*`
 */
export async function readCsvTable(file: string): Promise<CsvTable> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegular(file);
  } catch (error) {
    throw new LikenessError(
      'columns.unreadable',
      `columns: received "${file}", which cannot be read: ${reasonOf(error)}. Expected a CSV file ` +
        'with a column of paths.',
      { cause: error },
    );
  }
  const [header = [], ...lines] = decodeCsv(utf8Text(bytes, file), file);
  const titles = header.map((title) => title.trim());
  const at = titles.findIndex(isPathColumn);
  if (at < 0 || titles.length < 2 || titles.length > MAX_COLUMNS) {
    throw new LikenessError(
      'columns.malformed',
      `columns: ${file} has the columns ${titles.slice(0, 8).join(', ') || 'none'}; expected path ` +
        `and up to ${MAX_COLUMNS - 1} others in its first line.`,
    );
  }
  const rows = lines.filter((line) => line.length > 1);
  return {
    file,
    paths: rows.map((row) => (row[at] ?? '').trim().replace(/^\.\//, '')),
    columns: titles.flatMap((title, column) =>
      column === at
        ? []
        : [
            {
              title: title || `Column ${column + 1}`,
              cells: rows.map((row) => cellOf(row[column])),
            },
          ],
    ),
  };
}

const cellOf = (cell: string | undefined) => (cell ?? '').trim();

/**
 * Gives the images of a run the values of a table. A column of numbers is one of numbers, one of
 * ISO 8601 dates one of dates, and any other is one of categories. Columns without a value, and
 * those of more than 2,000 texts, are left out.
 *
 * @throws LikenessError `columns.unmatched` where no line names an image
 */
export function csvColumns(table: CsvTable, ids: readonly string[]): CsvColumn[] {
  const indexOf = indexOfNames(ids);
  const rows = table.paths.map((path) => indexOf.get(path) ?? -1);
  if (!rows.some((row) => row >= 0)) {
    throw new LikenessError(
      'columns.unmatched',
      `columns: no line of ${table.file} names an image of the source, such as "${ids[0]}" ` +
        `(received ${table.paths
          .slice(0, 2)
          .map((path) => `"${path}"`)
          .join(' and ')}). Expected ` +
        'paths relative to the source.',
    );
  }
  return table.columns.flatMap(({ title, cells }, number) => {
    const values = new Array<string>(ids.length).fill('');
    for (const [line, row] of rows.entries()) if (row >= 0) values[row] = cells[line]!;
    const name = `csv-${number}` satisfies ColumnName;
    const made = valuesOf(values);
    return made ? [{ answer: { name, title, ...made.answer }, data: made.data }] : [];
  });
}

function valuesOf(
  cells: readonly string[],
): { answer: Pick<ColumnAnswer, 'kind' | 'values'>; data: ColumnData } | undefined {
  const known = cells.filter((cell) => cell !== '');
  if (known.length === 0) return undefined;
  if (known.every((cell) => Number.isFinite(Number(cell)))) {
    const data = Float32Array.from(cells, (cell) => (cell === '' ? Number.NaN : Number(cell)));
    return { answer: { kind: 'number' }, data };
  }
  if (known.every((cell) => dateOf(cell) !== undefined)) {
    const data = Float64Array.from(cells, (cell) => dateOf(cell) ?? Number.NaN);
    return { answer: { kind: 'date' }, data };
  }
  const values = [...new Set(known)].sort();
  if (values.length > MAX_TEXTS) return undefined;
  const numberOf = new Map(values.map((value, number) => [value, number]));
  const data = Int32Array.from(cells, (cell) => numberOf.get(cell) ?? -1);
  return { answer: { kind: 'category', values }, data };
}

/** Days since 1970 UTC of a date in ISO 8601; undefined for another text. */
function dateOf(cell: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(cell)) {
    return undefined;
  }
  const time = Date.parse(cell.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : time / DAY_MS;
}
