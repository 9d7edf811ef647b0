/** Captions of tables: command, day, machine and versions of the measurement. */
import type { Provenance, StoredRows } from './stored.ts';

/** Formats the caption of a table. Rows of other commands or days are listed by name. */
export function caption({ machine, rows }: StoredRows<{ readonly name: string }>): string {
  const keyOf = ({ command, state, measured }: Provenance) =>
    JSON.stringify([command, state, measured]);
  const runs = [...new Set(rows.map(keyOf))].map((key) => rows.filter((row) => keyOf(row) === key));
  const { cpu, threads, node, runtime } = machine;
  const on = `${cpu}, ${threads} threads, ${[`node ${node}`, runtime, ...peersOf(rows)].join(', ')}`;
  if (runs.length === 1)
    return [block(rows[0]!.command), `${on}; ${circumstances(rows[0]!)}.`].join('\n\n');
  const each = runs.map((run) => {
    const names = run.map(({ name }) => `\`${name}\``).join(', ');
    return [`${names} (${circumstances(run[0]!)}):`, block(run[0]!.command)].join('\n\n');
  });
  return [...each, `${on}.`].join('\n\n');
}

function block(command: string): string {
  return ['```sh', command, '```'].join('\n');
}

function circumstances({ measured, state }: Provenance): string {
  return measured === undefined ? state : `measured on ${measured}, ${state}`;
}

/** Lists the peers with their versions. */
function peersOf(rows: readonly Provenance[]): string[] {
  const all = rows.flatMap(({ versions = {} }) => Object.entries(versions));
  return [...new Set(all.map(([peer, version]) => `${peer} ${version}`))];
}
