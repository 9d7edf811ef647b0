/** Scores as tables for a terminal, with the best of each column marked. */
import { type ScoreColumn, type ScoredEncoder, scoreTables } from '../likeness.ts';

const CELL = 9;

/**
 * Lines of the tables. `chance` is the accuracy of always naming the most frequent class of the
 * test images.
 */
export function evaluationTable(
  rows: readonly ScoredEncoder[],
  { chance }: { chance: number | null },
): string[] {
  const width = Math.max(...rows.map(({ title }) => title.length), 'always one class'.length);
  // Several tables, because one would be wider than a terminal.
  const tables = scoreTables.flatMap((columns) => {
    const cells = columns.map(({ isClassifier = false }) =>
      isClassifier && chance !== null ? `${chance.toFixed(3)} ` : '',
    );
    return [...tableOf(rows, columns, { width, last: cells.join('') === '' ? [] : cells }), ''];
  });
  return [...tables.slice(0, -1), '* best of its column'];
}

function tableOf(
  rows: readonly ScoredEncoder[],
  columns: readonly ScoreColumn[],
  { width, last }: { width: number; last: readonly string[] },
): string[] {
  const best = columns.map(({ value }) =>
    Math.max(...rows.map(({ scores }) => value(scores) ?? Number.NEGATIVE_INFINITY)),
  );
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(CELL))].join(' ').trimEnd();
  const lines = [
    line(
      '',
      columns.map(({ title }) => `${title} `),
    ),
    ...rows.map(({ title, scores }) =>
      line(
        title,
        columns.map(({ value }, i) => {
          const score = value(scores) ?? null;
          return score === null ? '- ' : `${score.toFixed(3)}${score === best[i] ? '*' : ' '}`;
        }),
      ),
    ),
  ];
  if (last.length > 0) lines.push(line('always one class', last));
  return lines;
}
