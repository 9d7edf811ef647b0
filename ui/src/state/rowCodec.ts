/**
 * Writes rising rows as text for a URL: runs as base-36 gaps and lengths, such as `5.2-3` for 5, 7,
 * 8, 9. The first number of a part is the distance from the end of the part before.
 */
export function encodeRows(rows: readonly number[]): string {
  const parts: string[] = [];
  let end = 0;
  for (let i = 0; i < rows.length; ) {
    let j = i + 1;
    while (j < rows.length && rows[j] === rows[j - 1]! + 1) j++;
    const gap = (rows[i]! - end).toString(36);
    parts.push(j - i === 1 ? gap : `${gap}-${(j - i).toString(36)}`);
    end = rows[j - 1]!;
    i = j;
  }
  return parts.join('.');
}

/** Reads {@link encodeRows}. Text that is none, and rows from `count` on, are left out. */
export function decodeRows(text: string, count: number): number[] {
  const rows: number[] = [];
  let end = 0;
  for (const part of text ? text.split('.') : []) {
    const match = /^([0-9a-z]+)(?:-([0-9a-z]+))?$/.exec(part);
    if (!match) return rows;
    const first = end + Number.parseInt(match[1]!, 36);
    const length = match[2] === undefined ? 1 : Number.parseInt(match[2], 36);
    for (let row = first; row < first + length; row++) {
      if (row >= count) return rows;
      rows.push(row);
    }
    end = first + length - 1;
  }
  return rows;
}
