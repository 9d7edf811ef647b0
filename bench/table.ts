/** Tables of results in the terminal. */
import type { ClusteringRow } from './clustering.ts';
import type { KmeansRow } from './kmeans.ts';
import type { SettingsRow } from './settings.ts';
import type { StepRow } from './step.ts';

/** Prints a table; the first row is its head. */
export function printTable(table: readonly (readonly string[])[]): void {
  for (const line of aligned(table)) console.log(line);
}

/** Formats images per second, ours and the peer's. */
export function speedTable(
  rows: readonly (Pick<StepRow, 'name' | 'ours' | 'peer' | 'ratio' | 'spread'> &
    Partial<Pick<StepRow, 'megabytes' | 'peerMegabytes'>>)[],
): string[][] {
  return [
    ['row', 'ours img/s', 'peer img/s', 'ratio', 'min to max', 'ours MB', 'peer MB'],
    ...rows.map(({ name, ours, peer, ratio, spread, megabytes = null, peerMegabytes = null }) => [
      ...[name, ours.toFixed(1), peer === null ? 'not installed' : peer.toFixed(1)],
      ...[shown(ratio), range(spread), shown(megabytes, 0), shown(peerMegabytes, 0)],
    ]),
  ];
}

/** Formats seconds and memory, ours and scikit-learn's. */
export function kmeansTable(rows: readonly KmeansRow[]): string[][] {
  const head = [
    'row',
    'ours s',
    'scikit-learn s',
    'ratio',
    'min to max',
    'MiniBatch s',
    'its excess %',
  ];
  return [
    [...head, 'ours MB', 'scikit-learn MB', 'MiniBatch MB'],
    ...rows.map((row) => [
      ...[
        row.name,
        shown(row.seconds),
        shown(row.peerSeconds),
        shown(row.ratio),
        range(row.spread),
      ],
      ...[shown(row.miniBatchSeconds), shown(row.miniBatchExcess && 100 * row.miniBatchExcess, 1)],
      ...[shown(row.megabytes, 0), shown(row.peerMegabytes, 0), shown(row.miniBatchMegabytes, 0)],
    ]),
  ];
}

/** Formats milliseconds and memory of a step, by switched setting. */
export function settingsTable(rows: readonly SettingsRow[]): string[][] {
  return [
    ['row', 'switched', 'ms', 'times as long', 'min to max', 'MB'],
    ...rows.flatMap(({ name, milliseconds, megabytes, switched }) => [
      [name, 'nothing', shown(milliseconds, 1), '1.00', '-', shown(megabytes, 0)],
      ...switched.map((row) => [
        ...[name, row.setting, shown(row.milliseconds, 1), shown(row.ratio), range(row.spread)],
        shown(row.megabytes, 0),
      ]),
    ]),
  ];
}

/** Formats seconds and memory, ours and the peer's. */
export function secondsTable(rows: readonly ClusteringRow[], peer: string): string[][] {
  return [
    ['row', 'ours s', `${peer} s`, 'ratio', 'min to max', 'ours MB', `${peer} MB`],
    ...rows.map((row) => [
      ...[
        row.name,
        shown(row.seconds, 3),
        shown(row.peerSeconds, 3),
        shown(row.ratio),
        range(row.spread),
      ],
      ...[shown(row.megabytes, 0), shown(row.peerMegabytes, 0)],
    ]),
  ];
}

/** Formats a figure, or a dash where there is none. */
export function shown(value: number | null, digits = 2): string {
  return value === null ? '-' : value.toFixed(digits);
}

function range(spread: readonly [number, number] | null): string {
  return spread === null ? '-' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`;
}

/** Aligns the columns of a table. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
