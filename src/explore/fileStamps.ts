/** Sizes and times of the files of a run, by which moved and changed files are noticed. */
import { stat } from 'node:fs/promises';
import { pathOfText } from '../formats/index.ts';
import type { OpenedRun } from './openedRun.ts';
import { inParallel } from './parallel.ts';
import type { Row } from './protocol.ts';

/** Sizes and times of the files of all images, [N, 2]; NaN where there is no file. */
export async function stampsOf({ source, ids }: OpenedRun): Promise<Float64Array> {
  const stamps = new Float64Array(2 * ids.length).fill(Number.NaN);
  if (!source?.isFolder) return stamps;
  const { entries, path } = source.images.source;
  await inParallel(ids.length, 16, async (row) => {
    const file = entries[source.indexOf(ids[row]!) ?? -1]?.file ?? ids[row]!;
    const found = await stat(pathOfText(path, file)).catch(() => undefined);
    if (found) stamps.set([found.size, found.mtimeMs], 2 * row);
  });
  return stamps;
}

/** Compares the files of now with those that were compared. */
export interface FileChanges {
  /** Rows whose files are gone. */
  readonly gone: ReadonlySet<Row>;
  /** True where files have changed, so that comparing again may find other duplicates. */
  readonly changed: boolean;
}

export function changesOf(before: Float64Array, now: Float64Array): FileChanges {
  const gone = new Set<Row>();
  let changed = false;
  for (let row = 0; row < before.length / 2; row++) {
    const [size, time] = before.subarray(2 * row, 2 * row + 2);
    if (Number.isNaN(size)) changed ||= !Number.isNaN(now[2 * row]);
    else if (Number.isNaN(now[2 * row])) gone.add(row);
    else changed ||= size !== now[2 * row] || time !== now[2 * row + 1];
  }
  return { gone, changed };
}
