/** Formats the agreement of the algorithms of `cluster` with classes. */
import { type GroupsRow, gainsOf, scoreText } from '../bench/groups.ts';
import { clusterAlgorithms } from '../src/cluster/index.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

/** Formats one table per encoder, with the mean gain and the largest loss. */
export function groupsText(): string {
  const found = stored<StoredRows<GroupsRow>>('groups');
  if (!found) return 'Not measured yet: `npm run bench -- groups`.';
  const encoders = [...new Set(found.rows.map(({ encoder }) => encoder))];
  const tables = encoders.map((encoder) => {
    const rows = found.rows
      .filter((row) => row.encoder === encoder)
      .toSorted((a, b) => a.classes - b.classes || a.name.localeCompare(b.name));
    return [
      `${encoder}: ${gainText(rows, 'nmi', 'NMI')}; ${gainText(rows, 'acc', 'ACC')}.`,
      '',
      markdown([
        ['set', 'images', 'classes', ...clusterAlgorithms.map((name) => `\`${name}\``)],
        ...rows.map(({ name, images, classes, scores }) => [
          ...[`\`${name.replace(`, ${encoder}`, '')}\``, images.toLocaleString('en-US')],
          ...[String(classes), ...clusterAlgorithms.map((of) => scoreText(scores[of]))],
        ]),
      ]),
    ].join('\n');
  });
  const commands = [...new Map(found.rows.map((row) => [row.encoder, row])).values()];
  const captions = commands.map((row) => caption({ machine: found.machine, rows: [row] }));
  return [...tables, ...captions].join('\n\n');
}

/** Sentence part on the mean gain, the sets that gain, and the largest loss. */
function gainText(rows: readonly GroupsRow[], measure: 'nmi' | 'acc', title: string): string {
  const gains = gainsOf(rows, measure);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const won = gains.filter((gain) => gain > 0).length;
  const worst = Math.min(...gains);
  const signed = (value: number) =>
    `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3).replace(/^0/, '')}`;
  return (
    `${title} ${signed(mean)} in the mean, ${won} of ${rows.length} sets gain, ` +
    `at worst ${signed(worst)}`
  );
}
