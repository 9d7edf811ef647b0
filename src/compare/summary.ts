/** Scores of several seeds as mean and standard deviation. */
import type {
  ClusterFigures,
  ComparedMethod,
  ComparedRun,
  Comparison,
  CurvePoint,
  FigureName,
  Figures,
  SummarizedFigures,
  Summary,
} from './comparison.ts';

/**
 * Computes mean and sample standard deviation, `sqrt(sum (x - mean)² / (n - 1))`, without null
 * values.
 *
 * The deviation of one value is 0; `values` shows that it is alone.
 */
export function summaryOf(values: readonly (number | null | undefined)[]): Summary {
  const known = values.filter((value) => typeof value === 'number');
  const n = known.length;
  if (n === 0) return { mean: null, sd: null, values: [] };
  const mean = known.reduce((a, b) => a + b, 0) / n;
  const squares = known.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { mean, sd: n === 1 ? 0 : Math.sqrt(squares / (n - 1)), values: known };
}

const figureNames: readonly FigureName[] = ['knn', 'knn20', 'nmi', 'acc', 'ari', 'linear'];

/** Summarizes every score over the seeds. */
export function summarizeFigures(all: readonly Figures[]): SummarizedFigures {
  const heads = all.flatMap(({ head }) => (head ? [head] : []));
  return {
    ...(Object.fromEntries(
      figureNames.map((name) => [name, summaryOf(all.map((figures) => figures[name]))]),
    ) as Record<FigureName, Summary>),
    trainAndTest: summarizeClusters(all.map(({ trainAndTest }) => trainAndTest)),
    ...(heads.length > 0 && {
      head: {
        test: summarizeClusters(heads.map(({ test }) => test)),
        trainAndTest: summarizeClusters(heads.map(({ trainAndTest }) => trainAndTest)),
      },
    }),
  };
}

function summarizeClusters(all: readonly ClusterFigures[]): Record<keyof ClusterFigures, Summary> {
  return {
    nmi: summaryOf(all.map(({ nmi }) => nmi)),
    acc: summaryOf(all.map(({ acc }) => acc)),
    ari: summaryOf(all.map(({ ari }) => ari)),
  };
}

/** Summarizes numbers by name, over the seeds that have the name. */
export function summarizeNumbers(
  all: readonly Readonly<Record<string, number>>[],
): Record<string, Summary> {
  const names = [...new Set(all.flatMap((numbers) => Object.keys(numbers)))];
  return Object.fromEntries(
    names.map((name) => [name, summaryOf(all.map((numbers) => numbers[name]))]),
  );
}

/** Builds the row of a method from its runs, with failed ones among them. */
export function summarizeMethod(
  method: string,
  grid: Readonly<Record<string, string>>,
  runs: readonly ComparedRun[],
  about: Pick<ComparedMethod, 'training' | 'model'> = {},
): ComparedMethod {
  const done = runs.filter(
    ({ figures, labelFree }) => figures !== undefined || labelFree !== undefined,
  );
  return {
    method,
    ...about,
    grid,
    seeds: done.length,
    ...summarizeFigures(done.flatMap(({ figures }) => (figures ? [figures] : []))),
    minutes: summaryOf(done.map(({ minutes }) => minutes)).mean,
    epochs: summaryOf(done.map(({ epochs }) => epochs)).mean,
    labelFree: summarizeNumbers(done.flatMap(({ labelFree }) => (labelFree ? [labelFree] : []))),
    curve: meanCurve(done.flatMap(({ curve }) => (curve ? [curve] : []))),
    runs,
  };
}

/**
 * Averages the curves of the seeds, point by point of the schedule.
 *
 * Seeds without all points, whose run was too short, are left out.
 */
function meanCurve(curves: readonly (readonly CurvePoint[])[]): CurvePoint[] {
  const length = Math.max(0, ...curves.map((curve) => curve.length));
  const full = curves.filter((curve) => curve.length === length);
  return Array.from({ length }, (_, i) => {
    const points = full.map((curve) => curve[i]!);
    const mean = (of: (point: CurvePoint) => number | null) => summaryOf(points.map(of)).mean;
    return {
      step: Math.round(mean(({ step }) => step)!),
      minutes: mean(({ minutes }) => minutes)!,
      knn: mean(({ knn }) => knn),
      nmi: mean(({ nmi }) => nmi),
    };
  });
}

/** Collects date, versions and commits of the measurements. */
export function originOf(
  methods: readonly Pick<ComparedMethod, 'runs'>[],
): Pick<Comparison, 'date' | 'likeness'> {
  const all = methods.flatMap(({ runs }) => runs.flatMap(({ measured }) => measured ?? []));
  const distinct = (values: readonly string[]) => [...new Set(values)].sort();
  return {
    date: distinct(all.map(({ date }) => date)).at(-1) ?? null,
    likeness: {
      versions: distinct(all.map(({ version }) => version)),
      commits: distinct(all.flatMap(({ commit }) => commit ?? [])),
    },
  };
}

/** Tells the origin, such as `measured until 2026-11-28 by likeness 0.1.0, commit aa1e4e6f0123`. */
export function originSentence({
  date,
  likeness,
}: Pick<Comparison, 'date' | 'likeness'>): string | undefined {
  if (date === null) return undefined;
  const { versions, commits } = likeness;
  const commit =
    commits.length === 0
      ? ''
      : `, commit${commits.length === 1 ? '' : 's'} ${commits.join(' and ')}`;
  return `measured until ${date.slice(0, 10)} by likeness ${versions.join(' and ')}${commit}`;
}
