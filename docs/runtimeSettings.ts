/** Formats the effect of ONNX Runtime's settings. */
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

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

/** Formats one table per step: the engine's settings, and each setting switched alone. */
export function runtimeSettingsText(): string {
  const found = stored<StoredRows<SettingsFigures>>('settings');
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
