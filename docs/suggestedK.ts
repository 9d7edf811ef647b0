/** Formats the suggested numbers of clusters beside the numbers of classes. */
import { isRight, type SuggestedRow } from '../bench/suggestedK.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

/** Formats one table per encoder, and the fraction of sets that are right. */
export function suggestedKText(): string {
  const found = stored<StoredRows<SuggestedRow>>('suggested-k');
  if (!found) return 'Not measured yet: `npm run bench -- suggested-k`.';
  const encoders = [...new Set(found.rows.map(({ encoder }) => encoder))];
  const tables = encoders.map((encoder) => {
    const rows = found.rows
      .filter((row) => row.encoder === encoder)
      .toSorted((a, b) => a.classes - b.classes || a.name.localeCompare(b.name));
    const several = rows.filter(({ classes }) => classes > 1);
    return [
      `${encoder}, right for ${several.filter(isRight).length} of ${several.length} sets of ` +
        'several classes:',
      '',
      markdown([
        ['set', 'images', 'classes', 'suggested', 'range', 'right', 'above chance'],
        ...rows.map((row) => [
          ...[`\`${row.name.replace(`, ${encoder}`, '')}\``, row.images.toLocaleString('en-US')],
          row.classes === 1 ? '-' : String(row.classes),
          row.found ? String(row.suggested) : 'none found',
          row.found ? `${row.range[0]} to ${row.range[1]}` : '-',
          ...[isRight(row) ? 'yes' : 'no', row.score.toFixed(2)],
        ]),
      ]),
    ].join('\n');
  });
  return [...tables, captionOf(found)].join('\n\n');
}

/** Rows differ in their names alone, so the caption lists commands without them. */
function captionOf({ machine, rows }: StoredRows<SuggestedRow>): string {
  const commands = [...new Map(rows.map((row) => [row.encoder, row])).values()];
  return commands.map((row) => caption({ machine, rows: [row] })).join('\n\n');
}
