import type { OpenedRun } from './openedRun.ts';
import type { Row } from './protocol.ts';

const found = new WeakMap<OpenedRun['ids'], ReadonlyMap<string, Row>>();

/** Rows of the images of a run by their ids, made at the first call. */
export function rowsOfIds({ ids }: Pick<OpenedRun, 'ids'>): ReadonlyMap<string, Row> {
  const known = found.get(ids);
  if (known) return known;
  const rows = new Map(ids.map((id, row) => [id, row]));
  found.set(ids, rows);
  return rows;
}
