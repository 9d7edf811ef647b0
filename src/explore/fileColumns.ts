/** Columns of the page that are read from files: size, date and its origin, width and height. */
import { stat } from 'node:fs/promises';
import { pathOfText } from '../formats/index.ts';
import { imageTable } from './imageTable.ts';
import type { OpenedRun } from './openedRun.ts';
import type { ColumnAnswer, ColumnName } from './protocol.ts';

/** Most images whose headers are read. */
export const MAX_MEASURED = 200_000;

/** Columns by row, NaN where a value is unknown. */
export interface FileColumns {
  /** Bytes of the file; absent where the images are records of a packed file. */
  readonly bytes?: Float32Array;
  /** Days since 1970 UTC: date of the camera, else of the last change of the file. */
  readonly date?: Float64Array;
  /** Index into {@link dateOrigins}, -1 for an image without a date. */
  readonly dated?: Int32Array;
  /** Pixels, before any orientation is applied; absent above `MAX_MEASURED`. */
  readonly width?: Float32Array;
  readonly height?: Float32Array;
}

/** Origins of dates, the categories of the column `dated`. */
export const dateOrigins = ['camera', 'file'] as const;
const [CAMERA, FILE] = [0, 1];

const DAY_MS = 86_400_000;
const AT_ONCE = 16;

/** Returns true for the name of a column that {@link readFileColumns} reads. */
export function isFileColumn(name: ColumnName): name is keyof FileColumns & ColumnName {
  return ['bytes', 'date', 'dated', 'width', 'height'].includes(name);
}

/** Lists the columns of a run's files. */
export function fileColumnsOf({ source, ids }: OpenedRun): ColumnAnswer[] {
  if (!source) return [];
  const number = (name: ColumnAnswer['name'], title: string) =>
    ({ name, title, kind: 'number' }) as const;
  const dated = { name: 'dated', title: 'Date source', kind: 'category' } as const;
  const isMeasured = ids.length <= MAX_MEASURED;
  return [
    ...(source.isFolder
      ? [
          { name: 'date', title: 'Date', kind: 'date' } as const,
          { ...dated, values: dateOrigins },
          number('bytes', 'File size'),
        ]
      : []),
    ...(isMeasured ? [number('width', 'Width'), number('height', 'Height')] : []),
  ];
}

/** Reads the columns of a run whose images are there. */
export async function readFileColumns({ ids, source }: OpenedRun): Promise<FileColumns> {
  const count = ids.length;
  const table = count <= MAX_MEASURED ? await imageTable(source!) : undefined;
  const indices = ids.map((id) => source!.indexOf(id) ?? -1);
  const byRow = (values: Float32Array) =>
    Float32Array.from(indices, (i) => values[i] ?? Number.NaN);
  const sizes = table && { width: byRow(table.width), height: byRow(table.height) };
  if (!source!.isFolder) return { ...sizes };
  const bytes = new Float32Array(count).fill(Number.NaN);
  const date = new Float64Array(count).fill(Number.NaN);
  const dated = new Int32Array(count).fill(-1);
  const { source: opened } = source!.images;
  await inParallel(count, async (row) => {
    const entry = opened.entries[indices[row]!];
    if (!entry) return;
    const found = await stat(pathOfText(opened.path, entry.file ?? entry.id)).catch(
      () => undefined,
    );
    if (!found) return;
    const taken = table?.taken[indices[row]!] ?? Number.NaN;
    const isTaken = !Number.isNaN(taken);
    bytes[row] = found.size;
    date[row] = (isTaken ? taken : found.mtimeMs) / DAY_MS;
    dated[row] = isTaken ? CAMERA : FILE;
  });
  return { bytes, date, dated, ...sizes };
}

async function inParallel(count: number, work: (row: number) => Promise<void>): Promise<void> {
  let next = 0;
  const runner = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, runner));
}
