/** Clusters as a table for the terminal. */

import { showCount } from '../core/text.ts';

export interface TableRow {
  readonly cluster: number;
  readonly size: number;
  readonly share: number;
  readonly cohesion: number;
}

/** Rows shown; the rest are counted. */
const MOST = 30;
const BAR = 20;

/** Lines of a table: number, size, share, and cohesion as a bar from 0 to 1. */
export function clusterTable(groups: readonly TableRow[], { most = MOST }: { most?: number } = {}): string[] {
  const width = Math.max(6, ...groups.map(({ size }) => showCount(size).length));
  const lines = [`cluster  ${'images'.padStart(width)}   share  cohesion`];
  for (const { cluster, size, share, cohesion } of groups.slice(0, most)) {
    lines.push(
      [
        String(cluster).padStart(7),
        showCount(size).padStart(width),
        `${(share * 100).toFixed(1)} %`.padStart(7),
        `${cohesion.toFixed(2).padStart(5)} ${bar(cohesion)}`,
      ].join('  '),
    );
  }
  if (groups.length > most) {
    const rest = groups.slice(most);
    const images = rest.reduce((sum, { size }) => sum + size, 0);
    lines.push(
      `    …  and ${showCount(rest.length)} smaller ones with ${showCount(images)} images; ` +
        'all are in the report',
    );
  }
  return lines;
}

/** A bar of eighths, as long as the value is large; empty below 0. */
function bar(value: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, value)) * BAR * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
}
