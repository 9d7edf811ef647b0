/** Models that are trained further, beside the model as it was, from stored comparisons. */
import {
  type ComparedMethod,
  type Comparison,
  type SummarizedFigures,
  showSummary,
} from '../src/compare/index.ts';
import { markdown, stored } from './stored.ts';

/** Columns, with their heads. */
const figures = {
  knn20: 'kNN, k = 20',
  knn: 'kNN, k = 200',
  linear: 'linear',
  nmi: 'NMI',
  acc: 'ACC',
} as const;
type FigureColumn = keyof typeof figures;
const columns = Object.keys(figures) as FigureColumn[];

interface TunedRow {
  readonly name: string;
  readonly kind: 'model' | 'fine-tuning' | 'scratch' | 'patches';
  readonly figures: Readonly<Partial<Record<FigureColumn, ComparedMethod['nmi']>>>;
}

/** Short form of a comparison with models that were trained further. */
export interface TunedComparison {
  readonly name: string;
  readonly title: string;
  /** Absent where settings alone were recorded. */
  readonly command?: string;
  /** Other load on the machine. */
  readonly state: string;
  readonly measured: string;
  readonly images: number;
  readonly seeds: readonly number[];
  readonly machine: string;
  /** Views, batch and rate, as the comparison tells them. */
  readonly recipe: string;
  readonly rows: readonly TunedRow[];
}

/**
 * Shortens a comparison with models that were trained further.
 *
 * @throws Error where it has none
 */
export function shortTuned(
  comparison: Comparison,
  by: Pick<TunedComparison, 'name' | 'title' | 'command' | 'state'>,
): TunedComparison {
  const { model, methods, baselines, seeds, images, date, machine, protocol } = comparison;
  const { modelKmeans, patches } = baselines;
  const tuned = methods.filter(
    ({ training, seeds: done }) => training === 'fine-tuning' && done === seeds.length,
  );
  if (!model || !modelKmeans || tuned.length === 0) {
    throw new Error('comparison: received one without finished rows of `fineTune`; expected some');
  }
  const short = (row: SummarizedFigures) =>
    Object.fromEntries(columns.flatMap((name) => (row[name] ? [[name, row[name]]] : [])));
  const scratch = methods.filter(
    ({ training = 'scratch', seeds: done }) => training === 'scratch' && done === seeds.length,
  );
  return {
    ...by,
    measured: (date ?? '').slice(0, 10),
    images: images.evaluated,
    ...{ seeds, machine, recipe: protocol['fine-tuning'] ?? '' },
    rows: [
      { name: `${model.model}, as it is`, kind: 'model', figures: short(modelKmeans) },
      ...tuned.map((row) => ({
        name: `${row.method}, fine-tuned${pointOf(row)}`,
        ...{ kind: 'fine-tuning' as const, figures: short(row) },
      })),
      ...scratch.map((row) => ({
        name: `${row.method} from scratch`,
        ...{ kind: 'scratch' as const, figures: short(row) },
      })),
      ...(patches
        ? [{ name: 'patch features', kind: 'patches' as const, figures: short(patches) }]
        : []),
    ],
  };
}

/** Settings of a row of a grid, such as `, learningRate 0.0001`. */
function pointOf({ grid }: ComparedMethod): string {
  return Object.entries(grid)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('');
}

/** Formats a table of each set with its command, and the sentences that follow. */
export function fineTuningText(): string {
  const sets = stored<{ readonly rows: readonly TunedComparison[] }>('fine-tuning')?.rows ?? [];
  return sets.length === 0 ? 'Not measured yet.' : sets.map(tunedText).join('\n\n');
}

/** Table, sentence and command of one set. */
export function tunedText(set: TunedComparison): string {
  const { title, images, seeds, measured, machine, state, recipe, command, rows } = set;
  const count = seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`;
  const used = columns.filter((name) => rows.some((row) => row.figures[name]));
  const cell = (row: TunedRow, name: FigureColumn) => {
    const figure = row.figures[name];
    return figure ? showSummary(figure) : '-';
  };
  return [
    `${title}, ${images.toLocaleString('en-US')} images, ${count}; ${recipe}:`,
    markdown([
      ['', ...used.map((name) => figures[name])],
      ...rows.map((row) => [row.name, ...used.map((name) => cell(row, name))]),
    ]),
    `${tunedSentence(set)} Measured on ${measured}, ${machine}, ${state}${command ? ':' : '.'}`,
    ...(command ? [['```sh', command, '```'].join('\n')] : []),
  ].join('\n\n');
}

/** Tells which figures of the model each row of fine-tuning raises. */
export function tunedSentence({ rows }: Pick<TunedComparison, 'rows'>): string {
  const model = rows.find(({ kind }) => kind === 'model')!;
  const tuned = rows
    .filter(({ kind }) => kind === 'fine-tuning')
    .map(({ name, figures: own }) => ({
      name,
      raised: columns.filter(
        (column) => (own[column]?.mean ?? 0) > (model.figures[column]?.mean ?? 1),
      ),
    }));
  const above = tuned.filter(({ raised }) => raised.length > 0);
  const below = tuned.filter(({ raised }) => raised.length === 0).map(({ name }) => name);
  const named = above.map(
    ({ name, raised }) => `${name} (${raised.map((column) => figures[column]).join('; ')})`,
  );
  return [
    ...(named.length > 0 ? [`Above the model as it is: ${named.join('; ')}.`] : []),
    ...(below.length > 0 ? [`In no column above it: ${below.join('; ')}.`] : []),
  ].join(' ');
}
