/** What the settings of the runtime are worth, as text. */
import { caption } from './caption.ts';
import { type KeptRows, kept, markdown } from './kept.ts';

interface SettingsFigures {
  readonly name: string;
  readonly milliseconds: number;
  readonly megabytes: number | null;
  readonly switched: readonly {
    readonly setting: string;
    readonly milliseconds: number;
    readonly ratio: number;
    readonly spread: readonly [number, number];
    readonly megabytes: number | null;
  }[];
}

/** A table for each step that was measured: the engine's settings, and each switched alone. */
export function runtimeSettingsText(): string {
  const found = kept<KeptRows<SettingsFigures>>('settings');
  if (!found) return 'Not measured yet: `npm run bench -- settings`.';
  const memory = (value: number | null) => (value === null ? '-' : value.toFixed(0));
  const tables = found.rows.map(({ name, milliseconds, megabytes, switched }) => {
    const rows = switched.map((row) => [
      ...[row.setting, row.milliseconds.toFixed(1), `**${row.ratio.toFixed(2)}**`],
      ...[row.spread.map((ratio) => ratio.toFixed(2)).join(' to '), memory(row.megabytes)],
    ]);
    const head = ['switched', 'ms per step', 'times as long', 'from, to', 'peak MB'];
    const ours = ['nothing', milliseconds.toFixed(1), '1', '-', memory(megabytes)];
    return [`\`${name}\`:`, '', markdown([head, ours, ...rows])].join('\n');
  });
  return [...tables, caption(found)].join('\n\n');
}
