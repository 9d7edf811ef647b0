/** Set of rows. A change gives a new set, so that views see it. */
export interface Selection {
  /** 1 for each row of the set, uint8 [N]. */
  readonly mask: Uint8Array;
  readonly size: number;
}

/** Makes a set of rows among N. Rows outside are left out. */
export function selectionOf(images: number, rows: Iterable<number> = []): Selection {
  const mask = new Uint8Array(images);
  let size = 0;
  for (const row of rows) {
    if (row < 0 || row >= images || mask[row] === 1) continue;
    mask[row] = 1;
    size++;
  }
  return { mask, size };
}

/** Adds rows to a set, or removes them. */
export function withRows({ mask, size }: Selection, rows: Iterable<number>, selected: boolean) {
  const next = mask.slice();
  let count = size;
  const value = selected ? 1 : 0;
  for (const row of rows) {
    if (row < 0 || row >= next.length || next[row] === value) continue;
    next[row] = value;
    count += selected ? 1 : -1;
  }
  return { mask: next, size: count };
}

/** Lists the rows of a set, rising. */
export function rowsOf({ mask, size }: Selection): number[] {
  const rows: number[] = [];
  for (let row = 0; row < mask.length && rows.length < size; row++) {
    if (mask[row] === 1) rows.push(row);
  }
  return rows;
}
