/** An evaluation as people read it: a table with the best of each column marked, and who wins. */
import type { Evaluation } from '../evaluate/index.ts';

/** One kind of feature with its figures, `trained` first. */
export interface Row {
  readonly name: string;
  readonly evaluation: Evaluation;
}

interface Column {
  readonly title: string;
  value(evaluation: Evaluation): number | null;
}

/** What the verdict is about. */
const columns: readonly Column[] = [
  { title: 'NMI', value: ({ nmi }) => nmi },
  { title: 'ACC', value: ({ acc }) => acc },
  { title: 'ARI', value: ({ ari }) => ari },
  { title: 'kNN 200', value: (evaluation) => knnAccuracy(evaluation, 200) },
  { title: 'kNN 20', value: (evaluation) => knnAccuracy(evaluation, 20) },
  { title: 'linear', value: ({ linear }) => linear.accuracy },
];

/** Further figures, in a table of their own: in one table with the others a line would be wider than a terminal. */
const further: readonly Column[] = [
  { title: 'AMI', value: ({ ami }) => ami },
  { title: 'FMI', value: ({ fmi }) => fmi },
  { title: 'NMI geo', value: ({ nmiGeometric }) => nmiGeometric },
  { title: 'purity', value: ({ purity }) => purity },
  { title: '1 % lab', value: (evaluation) => fewLabelsAccuracy(evaluation, 0.01) },
  { title: '10 % lab', value: (evaluation) => fewLabelsAccuracy(evaluation, 0.1) },
];

const CELL = 9;

/** Accuracy with so many neighbours asked for; null where there is nothing to test on. */
export function knnAccuracy({ knn }: Evaluation, requested: number): number | null {
  return knn.all.find((result) => result.requested === requested)?.accuracy ?? null;
}

/** Accuracy of a linear classifier with this share of the labels; null where it was not measured. */
export function fewLabelsAccuracy({ fewLabels }: Evaluation, share: number): number | null {
  return fewLabels[String(share)]?.accuracy ?? null;
}

/** Lines of the tables. `chance` is the accuracy of always naming the most frequent class of the test images. */
export function evaluationTable(rows: readonly Row[], { chance }: { chance: number | null }): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length), 'always one class'.length);
  const share = chance === null ? [] : [`${chance.toFixed(3)} `];
  return [
    ...tableOf(rows, columns, {
      width,
      last: chance === null ? [] : ['', '', '', ...share, ...share, ...share],
    }),
    '',
    ...tableOf(rows, further, {
      width,
      last: chance === null ? [] : ['', '', '', '', ...share, ...share],
    }),
    '* best of its column',
  ];
}

function tableOf(
  rows: readonly Row[],
  columns: readonly Column[],
  { width, last }: { width: number; last: readonly string[] },
): string[] {
  const best = columns.map(({ value }) =>
    Math.max(...rows.map(({ evaluation }) => value(evaluation) ?? Number.NEGATIVE_INFINITY)),
  );
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(CELL))].join(' ').trimEnd();
  const lines = [
    line(
      '',
      columns.map(({ title }) => `${title} `),
    ),
    ...rows.map(({ name, evaluation }) =>
      line(
        name,
        columns.map(({ value }, i) => {
          const figure = value(evaluation);
          return figure === null ? '- ' : `${figure.toFixed(3)}${figure === best[i] ? '*' : ' '}`;
        }),
      ),
    ),
  ];
  if (last.length > 0) lines.push(line('always one class', last));
  return lines;
}

/** Sentences on who wins: the trained encoder, or which baseline in what. */
export function verdicts([trained, ...baselines]: readonly Row[]): string[] {
  const beaten = baselines.flatMap(({ name, evaluation }) => {
    const ahead = columns.flatMap(({ title, value }) => {
      const [own, other] = [value(trained!.evaluation), value(evaluation)];
      return own !== null && other !== null && other > own
        ? [`${title} (${other.toFixed(3)} against ${own.toFixed(3)})`]
        : [];
    });
    return ahead.length === 0 ? [] : [`The trained encoder is beaten by ${name} in ${listed(ahead)}.`];
  });
  return beaten.length > 0 ? beaten : ['No baseline beats the trained encoder in any measure.'];
}

function listed(items: readonly string[]): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]!}`;
}
