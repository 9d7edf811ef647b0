/** Scores as tables for a terminal, with the best of each column marked. */
import { furtherScores, mainScores, type ScoreColumn, type ScoredEncoder } from '../likeness.ts';

const CELL = 9;

/**
 * Lines of both tables. `chance` is the accuracy of always naming the most frequent class of the
 * test images.
 */
export function evaluationTable(
  rows: readonly ScoredEncoder[],
  { chance }: { chance: number | null },
): string[] {
  const width = Math.max(...rows.map(({ title }) => title.length), 'always one class'.length);
  const share = chance === null ? [] : [`${chance.toFixed(3)} `];
  // Two tables, because one would be wider than a terminal.
  return [
    ...tableOf(rows, mainScores, {
      width,
      last: chance === null ? [] : ['', '', '', ...share, ...share, ...share],
    }),
    '',
    ...tableOf(rows, furtherScores, {
      width,
      last: chance === null ? [] : ['', '', '', '', ...share, ...share],
    }),
    '* best of its column',
  ];
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
