/** A comparison as text for a terminal. */

import { trainingName } from '../encoders/index.ts';
import type { Baseline, ComparedMethod, Comparison, FigureName, Summary } from './comparison.ts';
import { budgetsInWords } from './facts.ts';
import { showGrid } from './grid.ts';
import { likelySentence, trackingColumns } from './likelyOrder.ts';
import { publishedParts, withNotes } from './published.ts';
import { originSentence } from './summary.ts';

type Row = ComparedMethod | Baseline;

interface Column {
  readonly title: string;
  of(row: Row): Summary | undefined;
  /** Published score of the same protocol, where there may be one. */
  readonly printed?: FigureName;
}

const clusterNames = ['nmi', 'acc', 'ari'] as const;

/** Columns of the test images; published agreement is of train and test images together. */
const onTest: readonly Column[] = [
  { title: 'kNN', of: ({ knn }) => knn, printed: 'knn' },
  { title: 'linear', of: ({ linear }) => linear, printed: 'linear' },
  ...clusterNames.map((name) => ({
    title: name.toUpperCase(),
    of: (row: Row) => row[name],
  })),
  ...trackingColumns,
];
const together: readonly Column[] = clusterNames.map((name) => ({
  title: name.toUpperCase(),
  of: ({ trainAndTest }) => trainAndTest[name],
  printed: name,
}));
const heads = (part: 'test' | 'trainAndTest'): readonly Column[] =>
  clusterNames.map((name) => ({
    title: name.toUpperCase(),
    of: (row) => row.head?.[part][name],
  }));

/** Width of a cell such as `0.623 ±0.012*`. */
const CELL = 13;

/** Formats a score as `0.623 ±0.012`, without the deviation for one value. */
export function showSummary(summary: Summary | undefined): string {
  if (!summary || summary.mean === null) return '-';
  const { mean, sd, values } = summary;
  return values.length < 2 ? mean.toFixed(3) : `${mean.toFixed(3)} ±${sd!.toFixed(3)}`;
}

type NamedRow = Pick<ComparedMethod, 'method' | 'grid' | 'training' | 'model'>;

/** Names a row with its point of the grid, such as `consensus on squeezenet1.1`. */
export function rowName(row: NamedRow): string {
  const point = showGrid(row.grid);
  const name = nameOf(row);
  return point === '' ? name : `${name} (${point})`;
}

function nameOf({ method, training, model }: NamedRow): string {
  if (model !== undefined) {
    return trainingName(method, { [training === 'head' ? 'base' : 'origin']: { model } });
  }
  return training === 'scratch' ? `${method} from scratch` : method;
}

/** Lists one sentence per failed run. */
export function failures(comparison: Comparison): string[] {
  return comparison.methods.flatMap((row) =>
    row.runs.flatMap(({ seed, failure }) =>
      failure ? [`${rowName(row)}, seed ${seed}, failed: ${failure.reason.split('\n')[0]}`] : [],
    ),
  );
}

/** Builds the lines of the whole comparison. */
export function compareTable(comparison: Comparison): string[] {
  const { budget, seeds, images, labelled, protocol, methods } = comparison;
  const lines = [
    `${comparison.data.name}: ${budgetsInWords(budget, methods)}, ${seeds.length} ` +
      `seed${seeds.length === 1 ? '' : 's'}${comparison.complete ? '' : '; not complete'}`,
    '',
  ];
  if (labelled) {
    const own = images.test > 0;
    lines.push(
      ...section(comparison, onTest, {
        title: own ? 'on the test images' : 'on held-out images, clusters of all images',
        minutes: true,
      }),
    );
    if (own) {
      lines.push(
        '',
        ...section(comparison, together, { title: 'clusters of train and test images together' }),
      );
    }
    lines.push(...headSections(comparison), ...otherPublished(comparison));
  } else lines.push(...labelFreeLines(comparison));
  const failed = failures(comparison);
  if (failed.length > 0) lines.push('', ...failed);
  lines.push('', ...Object.entries(protocol).map(([what, how]) => `${what}: ${how}`));
  lines.push(`machine: ${comparison.machine}; ${comparison.program}`);
  const origin = originSentence(comparison);
  if (origin) lines.push(origin);
  return lines;
}

interface SectionOptions {
  readonly title: string;
  readonly minutes?: boolean;
}

function section(
  comparison: Comparison,
  columns: readonly Column[],
  { title, minutes = false }: SectionOptions,
): string[] {
  const { methods, baselines, chance } = comparison;
  const rows = [
    ...methods.map((row) => ({ name: nameWithSeeds(row, comparison), row, minutes: row.minutes })),
    ...Object.values(baselines).map((row) => ({ name: row.name, row, minutes: null })),
  ];
  const printed = publishedRows(comparison, columns);
  const width = Math.max(
    title.length,
    ...[...rows, ...printed.rows].map(({ name }) => name.length),
  );
  const best = columns.map(({ of }) => Math.max(...rows.map(({ row }) => of(row)?.mean ?? -1)));
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(CELL))].join(' ').trimEnd();
  const lines = [
    line(title, [...columns.map((column) => `${column.title} `), ...(minutes ? ['minutes'] : [])]),
  ];
  for (const { name, row, minutes: time } of rows) {
    const cells = columns.map(({ of }, i) => {
      const summary = of(row);
      return `${showSummary(summary)}${summary?.mean === best[i] ? '*' : ' '}`;
    });
    lines.push(line(name, minutes ? [...cells, time === null ? '' : time.toFixed(1)] : cells));
  }
  if (minutes && chance !== null) {
    lines.push(line('always one class', [`${chance.toFixed(3)} `, `${chance.toFixed(3)} `]));
  }
  for (const { name, figures } of printed.rows) {
    const cells = columns.map(({ printed: figure }) => {
      const value = figure && figures[figure];
      return value === undefined ? '- ' : `${value.toFixed(3)} `;
    });
    lines.push(line(name, cells));
  }
  lines.push(`* best of its column${printed.rows.length > 0 ? ' among those measured here' : ''}`);
  return [...lines, ...printed.notes];
}

function nameWithSeeds(row: ComparedMethod, { seeds }: Comparison): string {
  const name = rowName(row);
  if (row.seeds === row.runs.length && row.seeds === seeds.length) return name;
  return row.seeds === 0 && row.runs.every(({ failure }) => failure)
    ? `${name}, failed`
    : `${name}, ${row.seeds} of ${seeds.length} seeds`;
}

/** Collects published scores of the compared methods in these columns. */
function publishedRows(comparison: Comparison, columns: readonly Column[]) {
  const found = publishedParts(comparison).beside.filter(({ figures }) =>
    columns.some(({ printed }) => printed && figures[printed] !== undefined),
  );
  const { rows, notes } = withNotes(found);
  return {
    rows: rows.map(({ method, note, figures }) => ({
      name: `${method}, published [${note}]`,
      figures,
    })),
    notes,
  };
}

/** Builds the table of published methods that are not compared. */
function otherPublished(comparison: Comparison): string[] {
  const { others } = publishedParts(comparison);
  if (others.length === 0) return [];
  const title = 'other methods, published, other budget';
  const width = Math.max(title.length, ...others.map(({ method }) => method.length));
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(CELL))].join(' ').trimEnd();
  return [
    '',
    line(
      title,
      clusterNames.map((name) => `${name.toUpperCase()} `),
    ),
    ...others.map(({ method, figures }) =>
      line(
        method,
        clusterNames.map((name) => `${figures[name]?.toFixed(3) ?? '-'} `),
      ),
    ),
    `${others[0]!.budget}; ${others[0]!.source}`,
  ];
}

/** Builds the tables of clusters that a method's own head learned. */
function headSections(comparison: Comparison): string[] {
  const own = comparison.methods.filter(({ head }) => head !== undefined);
  if (own.length === 0) return [];
  const only = { ...comparison, methods: own, baselines: {} };
  const test = section(only, heads('test'), {
    title: 'clusters learned by the method, test images',
  });
  const both = section(only, heads('trainAndTest'), { title: 'the same, train and test images' });
  return ['', ...test, '', ...both];
}

/** Builds the lines of a comparison without labels. */
function labelFreeLines(comparison: Comparison): string[] {
  const likely = likelySentence(comparison.likelyOrder);
  return [
    ...section(comparison, trackingColumns, { title: 'without labels', minutes: true }),
    'Further measures, which show collapse, are in compare.json.',
    ...(likely === undefined ? [] : ['', likely]),
  ];
}
