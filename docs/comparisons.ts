/** Comparisons of methods as text. */
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
import { compared, type KeptComparison, kept, markdown } from './kept.ts';

type Row = ComparedMethod | Baseline;

function keptComparisons(): KeptComparison[] {
  return compared.flatMap((name) => kept<KeptComparison>(name) ?? []);
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

/** Everything that was compared, a part per data set. */
export function comparisonsText(): string {
  return keptComparisons().map(comparisonText).join('\n\n');
}

function comparisonText({ title, command, state, comparison }: KeptComparison): string {
  const { budget, seeds, images, shared, machine, program, methods, date, likeness } = comparison;
  const origin = date && likeness && originSentence({ date, likeness });
  const time = 'minutes' in budget ? `${budget.minutes} minutes` : `${budget.epochs} epochs`;
  const count = (n: number) => n.toLocaleString('en-US');
  const lines = [
    `## ${title}`,
    '',
    `${count(images.train)} train images, labels unused; figures of ${count(images.test)} test images; ${time} of training per run, ${seeds.length} seed${seeds.length === 1 ? '' : 's'}.`,
    `Encoder: ${shared.architecture}, width ${shared.width}, ${shared.imageSize} px; batch ${shared.batchSize}. Machine: ${machine}, ${state}. ${program}${origin ? `; ${origin}` : ''}.`,
    '',
    '```sh',
    command,
    '```',
    '',
    figuresTable(comparison),
    '',
    'Bold: the best of its column. "Of all": clusters of train and test images together, as most papers print them.',
  ];
  if (!comparison.complete)
    lines.push(
      '',
      'Not complete: methods that the command names and the table lacks are still to be measured.',
    );
  const own = methods.filter(({ head }) => head !== undefined);
  for (const row of own) {
    const { nmi, acc, ari } = row.head!.test;
    lines.push(
      '',
      `The clusters that ${rowName(row)} itself names, on the test images: NMI ${showSummary(nmi)}, ACC ${showSummary(acc)}, ARI ${showSummary(ari)}.`,
    );
  }
  lines.push(...publishedText(comparison));
  for (const sentence of failures(comparison as Comparison)) lines.push('', sentence);
  lines.push('', curveText(comparison));
  return lines.join('\n');
}

function figuresTable({ methods, baselines }: KeptComparison['comparison']): string {
  const columns = [...onTest, ...together, ...trackingColumns];
  const rows: { name: string; row: Row; epochs: string; minutes: string }[] = [
    ...methods.map((row) => ({
      name: rowName(row),
      row,
      epochs: row.epochs === null ? '' : row.epochs.toFixed(1),
      minutes: row.minutes === null ? '' : row.minutes.toFixed(1),
    })),
    ...Object.values(baselines).map((row) => ({ name: `*${row.name}*`, row, epochs: '', minutes: '' })),
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
 * What others have printed: rows of the methods compared, and the further methods of a paper's
 * table.
 */
function publishedText(comparison: KeptComparison['comparison']): string[] {
  const { data, classes, methods, baselines } = comparison;
  // What is known now, whenever the comparison was made.
  const published = publishedFor({ ...data, classes });
  const { beside, others } = publishedParts({ published, methods, baselines });
  if (published.length === 0) return [];
  const figure = (value: number | undefined) => value?.toFixed(3) ?? '';
  const names = ['knn', 'linear', 'nmi', 'acc', 'ari'] as const;
  const clusters = ['nmi', 'acc', 'ari'] as const;
  return [
    '',
    'Published, other budget: other encoders and hundreds of epochs, for orientation only. NMI, ACC and ARI are of train and test images together.',
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
          `Methods that are not compared here, published, other budget (${others[0]!.source}; ${others[0]!.budget}):`,
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

/** kNN on the sample of the curves at the shares of the schedule at which encoders were kept. */
function curveText({ methods }: KeptComparison['comparison']): string {
  const rows = methods.filter(({ curve }) => curve.length > 2);
  const length = Math.max(0, ...rows.map(({ curve }) => curve.length));
  const figure = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  const cells = rows
    .filter(({ curve }) => curve.length === length)
    .map((row) => [
      rowName(row),
      ...row.curve.map(({ minutes, knn, nmi }) => `${figure(knn)} / ${figure(nmi)} (${minutes.toFixed(1)})`),
    ]);
  if (cells.length === 0) return '';
  const moments = Array.from({ length }, (_, i) =>
    i === 0 ? 'start' : i === length - 1 ? 'end' : `moment ${i}`,
  );
  return [
    'Along the way, on a fixed sample of 8,000 train and 2,000 test images: kNN (k = 20) / NMI (minutes of training).',
    '',
    markdown([['', ...moments], ...cells]),
  ].join('\n');
}

/** What a method scored on each data set, beside features without training. */
export function scoresText(method: string): string {
  const parts = keptComparisons().flatMap(({ title, command, state, comparison }) => {
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
  return [...parts, 'All methods side by side: [results](../results.md).'].join('\n\n');
}
