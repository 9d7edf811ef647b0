/** Heads on a pretrained model beside k-means on its features, from comparisons of several sets. */
import {
  type ComparedMethod,
  type Comparison,
  type SummarizedFigures,
  showSummary,
} from '../src/compare/index.ts';
import { defaultHead } from '../src/methods/index.ts';
import { markdown, stored } from './stored.ts';

/** Columns of a set. */
const figures = ['acc', 'nmi'] as const;
type FigureColumn = (typeof figures)[number];

interface HeadRow {
  /** Method of a head, or `k-means` or `smoothed k-means`. */
  readonly name: string;
  readonly kind: 'head' | 'k-means';
  readonly figures: Readonly<Record<FigureColumn, ComparedMethod['nmi']>>;
  /** Minutes of training; absent for k-means. */
  readonly minutes?: number | null;
  /** Seeds of this row, where they are others than those of the set. */
  readonly seeds?: readonly number[];
}

/** Short form of a comparison of heads on one set. */
export interface HeadComparison {
  readonly name: string;
  readonly title: string;
  readonly command: string;
  /** Other load on the machine. */
  readonly state: string;
  readonly measured: string;
  readonly images: number;
  readonly seeds: readonly number[];
  readonly model: string;
  readonly machine: string;
  /** Scores of the features, which all rows share. */
  readonly features: Readonly<Record<'knn20' | 'linear', ComparedMethod['knn']>>;
  readonly rows: readonly HeadRow[];
}

/** Names of the baselines in compare.json. */
const clusterings = { modelKmeans: 'k-means', modelSmoothedKmeans: 'smoothed k-means' } as const;

/**
 * Shortens a comparison of heads.
 *
 * @throws Error where it has no pretrained model
 */
export function shortHeads(
  comparison: Comparison,
  by: Pick<HeadComparison, 'name' | 'title' | 'command' | 'state'>,
): HeadComparison {
  const { model, methods, baselines, seeds, images, date, machine } = comparison;
  const { modelKmeans } = baselines;
  if (!model || !modelKmeans) {
    throw new Error('comparison: received one without a pretrained model; expected `--encoder`');
  }
  const short = (row: SummarizedFigures) => ({ acc: row.acc, nmi: row.nmi });
  const heads = methods.filter(
    ({ training, seeds: done }) => training === 'head' && done === seeds.length,
  );
  return {
    ...by,
    measured: (date ?? '').slice(0, 10),
    images: images.evaluated,
    ...{ seeds, machine, model: String(model.model) },
    features: { knn20: modelKmeans.knn20, linear: modelKmeans.linear },
    rows: [
      ...Object.entries(clusterings).map(([id, name]) => ({
        ...{ name, kind: 'k-means' as const, figures: short(baselines[id]!) },
      })),
      ...heads.map((row) => ({
        ...{ name: row.method, kind: 'head' as const, figures: short(row), minutes: row.minutes },
      })),
    ],
  };
}

/**
 * The stored set with rows that were measured again, or besides, in their places. The command is
 * that of all rows together.
 */
export function withRows(before: HeadComparison, again: HeadComparison): HeadComparison {
  const others = String(again.seeds) === String(before.seeds) ? {} : { seeds: again.seeds };
  const found = new Map(again.rows.map((row) => [row.name, { ...row, ...others }]));
  const kept = before.rows.map((row) => found.get(row.name) ?? row);
  const added = [...found.values()].filter(({ name }) => !rowOf(before, name));
  return { ...before, command: again.command, rows: [...kept, ...added] };
}

/** Formats the table of all sets, the sentences that follow from it, and the commands. */
export function headsText(): string {
  const sets = stored<{ readonly rows: readonly HeadComparison[] }>('heads')?.rows ?? [];
  if (sets.length === 0) return 'Not measured yet.';
  return [headsTable(sets), headsSentences(sets).join(' '), ...sets.map(commandText)].join('\n\n');
}

/** Table with ACC / NMI of each set, and their means over the sets. */
export function headsTable(sets: readonly HeadComparison[]): string {
  const cell = (row: HeadRow | undefined) => {
    if (!row) return '';
    const own = row.seeds ? `, ${seedsOf(row.seeds)}` : '';
    return figures.map((name) => showSummary(row.figures[name])).join(' / ') + own;
  };
  return markdown([
    ['', ...sets.map(({ title, seeds }) => `${title}, ${seedsOf(seeds)}`), 'mean'],
    ...namesOf(sets).map((name) => {
      const mean = meanOf(sets, name);
      return [
        name === defaultHead ? `**${name}**` : name,
        ...sets.map((set) => cell(rowOf(set, name))),
        mean ? figures.map((figure) => mean[figure].toFixed(3)).join(' / ') : '',
      ];
    }),
  ]);
}

function seedsOf(seeds: readonly number[]): string {
  return seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`;
}

/** Tells which head leads, and each place where one is not above k-means. */
export function headsSentences(sets: readonly HeadComparison[]): string[] {
  const names = namesOf(sets);
  const both = (name: string) => {
    const mean = meanOf(sets, name);
    return mean && (mean.acc + mean.nmi) / 2;
  };
  const heads = names.filter((name) => !isClustering(name) && both(name) !== undefined);
  const [best] = heads.toSorted((a, b) => both(b)! - both(a)!);
  const below = names.filter((name) => !isClustering(name)).flatMap((name) => lossesOf(sets, name));
  const smoothed = both(clusterings.modelSmoothedKmeans);
  const own = both(defaultHead);
  const behind = heads.filter((name) => smoothed !== undefined && both(name)! <= smoothed);
  return [
    ...(best === undefined
      ? []
      : [
          `By the mean of ACC and NMI over these sets ${best} leads ` +
            `(${both(best)!.toFixed(3)}; k-means ${both(clusterings.modelKmeans)!.toFixed(3)}, ` +
            `smoothed k-means ${smoothed!.toFixed(3)}).`,
        ]),
    ...(behind.length === 0
      ? []
      : [`Not above smoothed k-means on the average: ${behind.join(', ')}.`]),
    below.length === 0
      ? 'No head is below k-means on any of them.'
      : `Below k-means: ${below.join('; ')}.`,
    `The default is ${defaultHead}${own === undefined ? '' : ` (${own.toFixed(3)})`}.`,
  ];
}

/** Lists the sets on which a head is below k-means, such as `temi on CIFAR-10 (ACC 0.3, …)`. */
function lossesOf(sets: readonly HeadComparison[], name: string): string[] {
  return sets.flatMap((set) => {
    const own = rowOf(set, name);
    const plain = rowOf(set, clusterings.modelKmeans)!;
    if (!own) return [];
    const lost = figures.flatMap((figure) => {
      const [ours, theirs] = [own, plain].map((row) => row.figures[figure].mean!) as [
        ...[number, number],
      ];
      return ours < theirs
        ? [`${figure.toUpperCase()} ${ours.toFixed(3)} against ${theirs.toFixed(3)}`]
        : [];
    });
    return lost.length === 0 ? [] : [`${name} on ${set.title} (${lost.join(', ')})`];
  });
}

/** Means over all sets; undefined for a row that a set lacks. */
function meanOf(
  sets: readonly HeadComparison[],
  name: string,
): Record<FigureColumn, number> | undefined {
  const rows = sets.map((set) => rowOf(set, name));
  if (rows.some((row) => row === undefined)) return undefined;
  const mean = (figure: FigureColumn) =>
    rows.reduce((sum, row) => sum + row!.figures[figure].mean!, 0) / rows.length;
  return { acc: mean('acc'), nmi: mean('nmi') };
}

function rowOf({ rows }: HeadComparison, name: string): HeadRow | undefined {
  return rows.find((row) => row.name === name);
}

function isClustering(name: string): boolean {
  return Object.values(clusterings).some((clustering) => clustering === name);
}

/** Names of all rows, k-means first. */
function namesOf(sets: readonly HeadComparison[]): string[] {
  return [...new Set(sets.flatMap(({ rows }) => rows.map(({ name }) => name)))];
}

function commandText({ title, command, images, seeds, measured, state, ...set }: HeadComparison) {
  const { knn20, linear } = set.features;
  return [
    `${title}, ${images.toLocaleString('en-US')} images, ${seedsOf(seeds)}, kNN20 ` +
      `${showSummary({ ...knn20, values: [] })} and linear ` +
      `${showSummary({ ...linear, values: [] })} of the features; measured on ${measured}, ` +
      `${set.machine}, ${state}:`,
    '',
    '```sh',
    command,
    '```',
  ].join('\n');
}
