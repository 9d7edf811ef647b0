/**
 * Comma-separated values, RFC 4180, in UTF-8 without a byte-order mark. Fields with a comma, quote
 * or line break are quoted, and a quote inside is doubled.
 *
 * Unlike in the RFC, lines end with LF alone, as Python, R and command-line tools expect.
 */
import { isUtf8 } from 'node:buffer';
import { LikenessError } from '../core/errors.ts';

export type CsvValue = string | number | bigint | boolean | null | undefined;

/** Encodes a field. Null and undefined become empty. Leading and trailing blanks are quoted. */
export function csvField(value: CsvValue): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Start of a cell that spreadsheets take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Path for a CSV cell. `./` before =, +, - and @ keeps spreadsheets from calculating. */
export function csvPath(path: string): string {
  return FORMULA.test(path) ? `./${path}` : path;
}

/** Reads a path that `csvPath` wrote. */
export function pathOfCsv(cell: string): string {
  return cell.startsWith('./') ? cell.slice(2) : cell;
}

/** Text for a CSV cell. An apostrophe before =, +, - and @ keeps spreadsheets from calculating. */
export function csvText(text: string): string {
  return FORMULA.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text;
}

/** Encodes a record with its line end. */
export function csvRow(values: readonly CsvValue[]): string {
  // A record of one empty field would be an empty line, which readers skip.
  return values.length === 1 && csvField(values[0]) === ''
    ? '""\n'
    : `${values.map(csvField).join(',')}\n`;
}

/** Encodes a whole file: the header, then one record per row. */
export function encodeCsv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  return [...csvChunks(header, rows)].join('');
}

/** Encodes the file in pieces of some thousand rows, for files too large for one string. */
export function* csvChunks(
  header: readonly string[],
  rows: Iterable<readonly CsvValue[]>,
): Generator<string> {
  let chunk = csvRow(header);
  for (const row of rows) {
    if (row.length !== header.length) {
      throw new LikenessError(
        'csv.columns',
        `A CSV row has ${row.length} fields but the header has ${header.length} ` +
          `(${header.join(', ')}).`,
      );
    }
    chunk += csvRow(row);
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

/**
 * Text of a file that others wrote, in UTF-8.
 *
 * @throws LikenessError `csv.malformed` for another encoding
 */
export function utf8Text(bytes: Uint8Array, name: string): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString('utf8');
  throw new LikenessError(
    'csv.malformed',
    `${name} is not text in UTF-8. Save it again, in a spreadsheet as "CSV UTF-8".`,
  );
}

/**
 * Decodes all records of a CSV text, the header included. Accepts CR LF, LF and a byte-order mark.
 *
 * @throws LikenessError `csv.malformed` if a quoted field never ends, with the line of its start.
 */
export function decodeCsv(text: string, name = 'The file'): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      const from = at;
      let end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) {
        const line = text.slice(0, from).split('\n').length;
        throw new LikenessError(
          'csv.malformed',
          `${name}: the quoted field that starts on line ${line} never ends. The file may be ` +
            'cut off; write it again.',
        );
      }
      field = text.slice(from + 1, end).replaceAll('""', '"');
      at = end + 1;
      const rest = nextBreak(text, at);
      field += text.slice(at, rest);
      at = rest;
    } else {
      const end = nextBreak(text, at);
      field = text.slice(at, end);
      at = end;
    }
    row.push(field);
    if (text[at] === ',') {
      at++;
      if (at < text.length) continue;
      row.push('');
    } else if (text[at] === '\r') at += 2;
    else at++;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** Finds the next comma or line end at or after `from`. CR counts only before LF. */
function nextBreak(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === ',' || character === '\n' || (character === '\r' && text[at + 1] === '\n'))
      return at;
  }
  return text.length;
}
