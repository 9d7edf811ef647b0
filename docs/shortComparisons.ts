/** Comparisons of methods or settings in a few columns: variants of a method, and budgets. */
import {
  type ComparedMethod,
  type Comparison,
  rowName,
  showSummary,
} from '../src/compare/index.ts';
import { compared, markdown, type StoredComparison, stored } from './stored.ts';

/** Columns of the short tables. */
const figures = ['knn20', 'linear', 'nmi', 'acc'] as const;
type FigureColumn = (typeof figures)[number];
const titles: Readonly<Record<FigureColumn, string>> = {
  knn20: 'kNN20',
  linear: 'linear',
  nmi: 'NMI',
  acc: 'ACC',
};

interface ShortRow {
  readonly name: string;
  readonly figures: Readonly<Record<FigureColumn, Comparison['methods'][number]['nmi']>>;
  /** Passes over the images; absent for baselines. */
  readonly epochs?: number | null;
}

/** Short form of one or several outputs of `compare` on the same images. */
export interface ShortComparison {
  /** Name that begins with the question, such as `pcl-cifar10`. */
  readonly name: string;
  readonly title: string;
  readonly command: string;
  /** Other load on the machine. */
  readonly state: string;
  readonly measured: string;
  readonly images: number;
  readonly size: number;
  readonly seeds: readonly number[];
  /** Minutes on two threads of a quiet machine that the epochs stand for. */
  readonly minutes?: number;
  readonly rows: readonly ShortRow[];
  readonly baselines: readonly ShortRow[];
}

/**
 * Shortens outputs of `compare` on the same images to one table; the baselines are those of the
 * first.
 *
 * @throws Error where the images, seeds or sizes differ.
 */
export function shortened(
  comparisons: readonly Comparison[],
  by: Pick<ShortComparison, 'name' | 'title' | 'command' | 'state' | 'minutes'>,
): ShortComparison {
  const [first] = comparisons;
  const conditions = ({ images, seeds, shared, data }: Comparison) =>
    JSON.stringify([data, images.train, seeds, shared.imageSize, shared.architecture]);
  for (const comparison of comparisons) {
    if (conditions(comparison) !== conditions(first!)) {
      throw new Error(
        `comparison: received ${conditions(comparison)}; expected ${conditions(first!)}`,
      );
    }
  }
  const short = (row: ComparedMethod | Comparison['baselines'][string]) =>
    Object.fromEntries(figures.map((name) => [name, row[name]])) as unknown as ShortRow['figures'];
  return {
    ...by,
    measured: (first!.date ?? '').slice(0, 10),
    images: first!.images.train,
    size: Number(first!.shared.imageSize),
    seeds: first!.seeds,
    rows: comparisons.flatMap(({ methods }) =>
      methods.map((row) => ({ name: rowName(row), epochs: row.epochs, figures: short(row) })),
    ),
    baselines: Object.values(first!.baselines).map((row) => ({
      name: row.name,
      figures: short(row),
    })),
  };
}

/** Formats all stored tables of a question, such as `pcl`. */
export function variantsText(question: string): string {
  const found = shortComparisons().filter(({ name }) => name.startsWith(`${question}-`));
  if (found.length === 0) return 'Not measured yet.';
  return found.map(variantText).join('\n\n');
}

function variantText(comparison: ShortComparison): string {
  const { title, command, rows, baselines } = comparison;
  return [
    `${title} (${circumstances(comparison)}):`,
    '',
    markdown([
      ['', ...figures.map((name) => titles[name]), 'epochs'],
      ...[...rows, ...baselines.map((row) => ({ ...row, name: `*${row.name}*` }))].map(
        ({ name, figures: of, epochs }) => [
          name,
          ...figures.map((column) => showSummary(of[column])),
          epochs?.toFixed(0) ?? '',
        ],
      ),
    ]),
    '',
    '```sh',
    command,
    '```',
  ].join('\n');
}

function circumstances({ images, size, seeds, measured, state }: ShortComparison): string {
  const count = images.toLocaleString('en-US');
  const runs = seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`;
  return `${count} images at ${size} px, ${runs}, measured on ${measured}, ${state}`;
}

/**
 * Formats methods by images and budget: kNN20 / NMI per column, and the mean rank of each method
 * by NMI over the columns in which it was measured.
 */
export function budgetsText(): string {
  const own = shortComparisons().filter(({ name }) => name.startsWith('budget-'));
  const columns = [...own, ...wholeComparisons()].toSorted(
    (a, b) => (a.minutes ?? 0) - (b.minutes ?? 0),
  );
  if (columns.length === 0) return 'Not measured yet.';
  const names = (part: 'rows' | 'baselines') => [
    ...new Set(columns.flatMap((column) => column[part].map(({ name }) => name))),
  ];
  const cell = (row: ShortRow | undefined) =>
    row ? `${showSummary(row.figures.knn20)} / ${showSummary(row.figures.nmi)}` : '';
  const rank = (name: string) => {
    const ranks = columns.flatMap(({ rows }) => {
      const own = rows.find((row) => row.name === name);
      const value = own?.figures.nmi.mean;
      if (value === undefined || value === null) return [];
      return [1 + rows.filter(({ figures: { nmi } }) => (nmi.mean ?? -1) > value).length];
    });
    return ranks.reduce((sum, value) => sum + value, 0) / ranks.length;
  };
  const line = (name: string, part: 'rows' | 'baselines') =>
    columns.map((column) => cell(column[part].find((row) => row.name === name)));
  const methods = names('rows')
    .map((name) => ({ name, rank: rank(name) }))
    .toSorted((a, b) => a.rank - b.rank);
  return [
    markdown([
      ['', ...columns.map(({ title, minutes }) => `${title}, ${minutes} min`), 'mean rank by NMI'],
      ...methods.map(({ name, rank: mean }) => [name, ...line(name, 'rows'), mean.toFixed(1)]),
      ...names('baselines').map((name) => [`*${name}*`, ...line(name, 'baselines'), '']),
    ]),
    ...own.map((column) =>
      [`${column.title}, ${circumstances(column)}:`, '', '```sh', column.command, '```'].join('\n'),
    ),
  ].join('\n\n');
}

/** Short forms of the comparisons that have a section of their own. */
function wholeComparisons(): ShortComparison[] {
  return compared.flatMap((name) => {
    const found = stored<StoredComparison>(name);
    const budget = found?.comparison.budget;
    if (!found || !budget || !('minutes' in budget)) return [];
    const { title, command, state, comparison } = found;
    const { minutes } = budget;
    return shortened([comparison as Comparison], { name, title, command, state, minutes });
  });
}

function shortComparisons(): readonly ShortComparison[] {
  return stored<{ readonly rows: readonly ShortComparison[] }>('variants')?.rows ?? [];
}
