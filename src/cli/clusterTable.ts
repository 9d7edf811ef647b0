/** Clusters as a table for the terminal. */

import { plural, showCount } from '../core/text.ts';

export interface TableRow {
  readonly cluster: number;
  readonly size: number;
  readonly share: number;
  readonly separation: number;
}

/** Rows shown; the rest are counted. */
const MOST = 30;
const BAR = 20;
/** Separation that fills a bar at least: smaller ones are all near 0. */
const LEAST_SCALE = 0.05;

/**
 * Formats a table: number, size, share and separation, with a bar beside that of the most separate
 * cluster.
 */
export function clusterTable(
  groups: readonly TableRow[],
  { most = MOST }: { most?: number } = {},
): string[] {
  const width = Math.max(6, ...groups.map(({ size }) => showCount(size).length));
  const lines = [`cluster  ${'images'.padStart(width)}   share  separation`];
  const largest = Math.max(LEAST_SCALE, ...groups.map(({ separation }) => separation));
  for (const { cluster, size, share, separation } of groups.slice(0, most)) {
    lines.push(
      [
        String(cluster).padStart(7),
        showCount(size).padStart(width),
        `${(share * 100).toFixed(1)} %`.padStart(7),
        `${separation.toFixed(2).padStart(5)} ${bar(separation / largest)}`,
      ].join('  '),
    );
  }
  if (groups.length > most) {
    const rest = groups.slice(most);
    const images = rest.reduce((sum, { size }) => sum + size, 0);
    lines.push(
      `    …  and ${showCount(rest.length)} smaller ones with ${plural(images, 'image')}; ` +
        'all are in the report',
    );
  }
  return lines;
}

/** Formats a bar of eighths for a value from 0 to 1; empty below 0. */
function bar(value: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, value)) * BAR * 8);
  return (
    '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!
  );
}
