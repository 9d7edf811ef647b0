/** Formats comparisons of methods. */
import {
  type Baseline,
  type ComparedMethod,
  type Comparison,
  failures,
  originSentence,
  publishedFor,
  publishedParts,
  rowName,
  type Summary,
  showSummary,
  trackingColumns,
} from '../src/compare/index.ts';
import { compared, markdown, type StoredComparison, stored } from './stored.ts';

type Row = ComparedMethod | Baseline;

function storedComparisons(): StoredComparison[] {
  return compared.flatMap((name) => stored<StoredComparison>(name) ?? []);
}

interface Column {
  readonly title: string;
  of(row: Row): Summary | undefined;
}

const onTest: readonly Column[] = [
  { title: 'kNN', of: ({ knn }) => knn },
  { title: 'linear', of: ({ linear }) => linear },
  { title: 'NMI', of: ({ nmi }) => nmi },
  { title: 'ACC', of: ({ acc }) => acc },
  { title: 'ARI', of: ({ ari }) => ari },
];
const together: readonly Column[] = (['nmi', 'acc', 'ari'] as const).map((name) => ({
  title: `${name.toUpperCase()} of all`,
  of: ({ trainAndTest }) => trainAndTest[name],
}));

/** Formats all comparisons, one section per data set. */
export function comparisonsText(): string {
  return storedComparisons().map(comparisonText).join('\n\n');
}

function budgetText(budget: StoredComparison['comparison']['budget']): string {
  if (!budget) return 'no time';
  return 'minutes' in budget ? `${budget.minutes} minutes` : `${budget.epochs} epochs`;
}

function comparisonText({ title, command, state, comparison }: StoredComparison): string {
  const { budget, seeds, images, shared, machine, program, methods, date, likeness } = comparison;
  const origin = date && likeness && originSentence({ date, likeness });
  const time = budgetText(budget);
  const count = (n: number) => n.toLocaleString('en-US');
  const lines = [
    `## ${title}`,
    '',
    `${count(images.train)} training images without labels, ${count(images.test)} test images; ` +
      `${time} of training per run, ${seeds.length} seed${seeds.length === 1 ? '' : 's'}.`,
    `Encoder: ${shared.architecture}, width ${shared.width}, ${shared.imageSize} px; ` +
      `batch size ${shared.batchSize}. Machine: ${machine}, ${state}. ` +
      `${program}${origin ? `; ${origin}` : ''}.`,
    '',
    '```sh',
    command,
    '```',
    '',
    figuresTable(comparison),
    '',
    'The best value of a column is bold. "Of all" means clusters of training and test images ' +
      'together, as in most papers.',
  ];
  if (!comparison.complete)
    lines.push('', 'This comparison is incomplete. Methods of the command are missing.');
  const own = methods.filter(({ head }) => head !== undefined);
  for (const row of own) {
    const { nmi, acc, ari } = row.head!.test;
    lines.push(
      '',
      `Clusters of the cluster head of ${rowName(row)} on the test images: ` +
        `NMI ${showSummary(nmi)}, ACC ${showSummary(acc)}, ARI ${showSummary(ari)}.`,
    );
  }
  lines.push(...publishedText(comparison));
  for (const sentence of failures(comparison as Comparison)) lines.push('', sentence);
  lines.push('', curveText(comparison));
  return lines.join('\n');
}

function figuresTable({ methods, baselines }: StoredComparison['comparison']): string {
  const columns = [...onTest, ...together, ...trackingColumns];
  const rows: { name: string; row: Row; epochs: string; minutes: string }[] = [
    ...methods.map((row) => ({
      name: rowName(row),
      row,
      epochs: row.epochs === null ? '' : row.epochs.toFixed(1),
      minutes: row.minutes === null ? '' : row.minutes.toFixed(1),
    })),
    ...Object.values(baselines).map((row) => ({
      name: `*${row.name}*`,
      row,
      epochs: '',
      minutes: '',
    })),
  ];
  const best = columns.map(({ of }) => Math.max(...rows.map(({ row }) => of(row)?.mean ?? -1)));
  const cell = (summary: Summary | undefined, i: number) =>
    summary?.mean === best[i] ? `**${showSummary(summary)}**` : showSummary(summary);
  return markdown([
    ['', ...columns.map(({ title }) => title), 'epochs', 'minutes'],
    ...rows.map(({ name, row, epochs, minutes }) => [
      name,
      ...columns.map(({ of }, i) => cell(of(row), i)),
      epochs,
      minutes,
    ]),
  ]);
}

/**
 * Formats published figures: those of the compared methods, then other methods of the same table.
 */
function publishedText(comparison: StoredComparison['comparison']): string[] {
  const { data, classes, methods, baselines } = comparison;
  // Figures known today, whatever the day of the comparison.
  const published = publishedFor({ ...data, classes });
  const { beside, others } = publishedParts({ published, methods, baselines });
  if (published.length === 0) return [];
  const figure = (value: number | undefined) => value?.toFixed(3) ?? '';
  const names = ['knn', 'linear', 'nmi', 'acc', 'ari'] as const;
  const clusters = ['nmi', 'acc', 'ari'] as const;
  return [
    '',
    'Published figures, for orientation only: their encoders differ, and they train for hundreds ' +
      'of epochs. NMI, ACC and ARI are of training and test images together.',
    '',
    markdown([
      ['', 'kNN', 'linear', 'NMI', 'ACC', 'ARI', 'budget', 'source'],
      ...beside.map(({ method, figures, budget, source }) => [
        ...[method, ...names.map((name) => figure(figures[name]))],
        ...[budget, source],
      ]),
    ]),
    ...(others.length === 0
      ? []
      : [
          '',
          `Published figures of further methods (${others[0]!.source}; ${others[0]!.budget}):`,
          '',
          markdown([
            ['', 'NMI', 'ACC', 'ARI'],
            ...others.map(({ method, figures }) => [
              method,
              ...clusters.map((name) => figure(figures[name])),
            ]),
          ]),
        ]),
  ];
}

/** Formats kNN and NMI on the sample of the curves, at the saved fractions of the training. */
function curveText({ methods }: StoredComparison['comparison']): string {
  const rows = methods.filter(({ curve }) => curve.length > 2);
  const length = Math.max(0, ...rows.map(({ curve }) => curve.length));
  const figure = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  const cells = rows
    .filter(({ curve }) => curve.length === length)
    .map((row) => [
      rowName(row),
      ...row.curve.map(
        ({ minutes, knn, nmi }) => `${figure(knn)} / ${figure(nmi)} (${minutes.toFixed(1)})`,
      ),
    ]);
  if (cells.length === 0) return '';
  const snapshots = Array.from({ length }, (_, i) =>
    i === 0 ? 'start' : i === length - 1 ? 'end' : `snapshot ${i}`,
  );
  return [
    'During training, on a fixed sample of 8,000 training and 2,000 test images: ' +
      'kNN (k = 20) / NMI (minutes of training).',
    '',
    markdown([['', ...snapshots], ...cells]),
  ].join('\n');
}

/** Formats the scores of a method on each data set, beside untrained features. */
export function scoresText(method: string): string {
  const parts = storedComparisons().flatMap(({ title, command, state, comparison }) => {
    const rows = comparison.methods.filter((row) => row.method === method && row.seeds > 0);
    if (rows.length === 0) return [];
    const { untrained, rawPixels } = comparison.baselines;
    const beside = [untrained, rawPixels].flatMap((row) => (row ? [{ name: row.name, row }] : []));
    const all: { name: string; row: Row }[] = [
      ...rows.map((row) => ({ name: rowName(row), row })),
      ...beside,
    ];
    return [
      [
        `${title}, test images (${comparison.machine}, ${state}):`,
        '',
        markdown([
          ['', ...onTest.map((column) => column.title)],
          ...all.map(({ name, row }) => [name, ...onTest.map(({ of }) => showSummary(of(row)))]),
        ]),
        '',
        '```sh',
        command,
        '```',
      ].join('\n'),
    ];
  });
  if (parts.length === 0) return 'Not measured yet on a larger data set.';
  return [...parts, '[Results](../results.md) compares all methods.'].join('\n\n');
}
