/** Figures of several seeds as mean and standard deviation. */
import type {
  ClusterFigures,
  ComparedMethod,
  ComparedRun,
  Comparison,
  CurvePoint,
  FigureName,
  Figures,
  SummarisedFigures,
  Summary,
} from './comparison.ts';

/**
 * Mean and standard deviation of the sample, `sqrt(sum (x - mean)² / (n - 1))`; values that are null are left out.
 *
 * The deviation of one value is 0: nothing is known of its spread, which `values` shows.
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

/** Every figure over the seeds. */
export function summariseFigures(all: readonly Figures[]): SummarisedFigures {
  const heads = all.flatMap(({ head }) => (head ? [head] : []));
  return {
    ...(Object.fromEntries(
      figureNames.map((name) => [name, summaryOf(all.map((figures) => figures[name]))]),
    ) as Record<FigureName, Summary>),
    trainAndTest: summariseClusters(all.map(({ trainAndTest }) => trainAndTest)),
    ...(heads.length > 0 && {
      head: {
        test: summariseClusters(heads.map(({ test }) => test)),
        trainAndTest: summariseClusters(heads.map(({ trainAndTest }) => trainAndTest)),
      },
    }),
  };
}

function summariseClusters(all: readonly ClusterFigures[]): Record<keyof ClusterFigures, Summary> {
  return {
    nmi: summaryOf(all.map(({ nmi }) => nmi)),
    acc: summaryOf(all.map(({ acc }) => acc)),
    ari: summaryOf(all.map(({ ari }) => ari)),
  };
}

/** Numbers by name over the seeds; a name that some seed lacks is over those that have it. */
export function summariseNumbers(all: readonly Readonly<Record<string, number>>[]): Record<string, Summary> {
  const names = [...new Set(all.flatMap((numbers) => Object.keys(numbers)))];
  return Object.fromEntries(names.map((name) => [name, summaryOf(all.map((numbers) => numbers[name]))]));
}

/** The row of a method from its runs, failed ones among them. */
export function summariseMethod(
  method: string,
  grid: Readonly<Record<string, string>>,
  runs: readonly ComparedRun[],
): ComparedMethod {
  const done = runs.filter(({ figures, labelFree }) => figures !== undefined || labelFree !== undefined);
  return {
    method,
    grid,
    seeds: done.length,
    ...summariseFigures(done.flatMap(({ figures }) => (figures ? [figures] : []))),
    minutes: summaryOf(done.map(({ minutes }) => minutes)).mean,
    epochs: summaryOf(done.map(({ epochs }) => epochs)).mean,
    labelFree: summariseNumbers(done.flatMap(({ labelFree }) => (labelFree ? [labelFree] : []))),
    curve: meanCurve(done.flatMap(({ curve }) => (curve ? [curve] : []))),
    runs,
  };
}

/**
 * The mean over seeds at each moment, moments being those of equal place in the schedule. Seeds of which a moment is
 * missing (a run that was too short for it) are left out.
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

/** When the last run was measured, and by what. */
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

/** The same in words: `measured until 2026-11-28 by likeness 0.1.0, commit aa1e4e6f0123`. */
export function originSentence({
  date,
  likeness,
}: Pick<Comparison, 'date' | 'likeness'>): string | undefined {
  if (date === null) return undefined;
  const { versions, commits } = likeness;
  const commit =
    commits.length === 0 ? '' : `, commit${commits.length === 1 ? '' : 's'} ${commits.join(' and ')}`;
  return `measured until ${date.slice(0, 10)} by likeness ${versions.join(' and ')}${commit}`;
}
