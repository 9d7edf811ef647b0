/** Training curves, verdict and label-free measures from the event log of a run. */
import { type MeasuresEvent, type RunEvent, type RunFacts, readEvents } from '../run/index.ts';
import { baselineName } from '../train/index.ts';
import { reportMeasures } from './measures.ts';
import type { ReportSimilarity, ReportTraining, RunReport } from './runReport.ts';

/** Most points of a curve; more cannot be distinguished. */
const MAX_POINTS = 2000;
/** Note on a run whose log has no facts of training. */
const NO_FACTS =
  'This run was trained by an earlier version, which did not record the random-baseline loss.';

/**
 * Reads curves, the run doctor's last message and the last label-free measures; absent where there
 * are none.
 */
export async function readTraining(
  eventsFile: string,
): Promise<Pick<RunReport, 'training' | 'measures'>> {
  const steps: number[] = [];
  const loss: (number | null)[] = [];
  const usage = { steps: [] as number[], entropy: [] as number[] };
  const measured: MeasuresEvent[] = [];
  let verdict: Pick<ReportTraining, 'verdict' | 'health' | 'remedy'> = {};
  let facts: RunFacts | undefined;
  const ofSteps = similarities();
  const ofEpochs = similarities();
  for await (const event of readEvents(eventsFile)) {
    switch (event.kind) {
      case 'run-started':
        facts = event.facts;
        break;
      case 'step':
        steps.push(event.step);
        loss.push(event.loss);
        ofSteps.add(event);
        break;
      case 'epoch':
        if (typeof event.usageEntropy !== 'number') break;
        usage.steps.push(event.step);
        usage.entropy.push(event.usageEntropy);
        break;
      case 'measures':
        measured.push(event);
        ofEpochs.add(event);
        break;
      case 'doctor':
        verdict = { verdict: event.message, health: event.verdict, remedy: event.remedy };
    }
  }
  const measures = reportMeasures(measured);
  const shown = measures && { measures };
  if (steps.length < 2) return { ...shown };
  const stride = Math.ceil(steps.length / MAX_POINTS);
  const thinned = <T>(values: T[]) =>
    values.filter((_, i) => i % stride === 0 || i === values.length - 1);
  return {
    ...shown,
    training: {
      steps: thinned(steps),
      loss: thinned(loss),
      ...randomBaselineOf(facts),
      ...(usage.steps.length > 1 && { usage }),
      // A method that logs similarities in its steps logs those of its own embeddings and clusters.
      similarities: (['instance', 'cluster'] as const).flatMap(
        (level) => ofSteps.of(level) ?? ofEpochs.of(level) ?? [],
      ),
      ...verdict,
      notes: facts?.notes ?? [NO_FACTS],
    },
  };
}

/** Names the random-baseline loss `ln n` where it is the logarithm of a whole number. */
function randomBaselineOf(facts: RunFacts | undefined): Pick<ReportTraining, 'chance'> {
  const value = facts?.randomBaselineLoss ?? undefined;
  if (value === undefined) return {};
  return { chance: { value, name: baselineName(value) } };
}

/** Collects the similarities of pairs from events that have them. */
function similarities() {
  const levels = ['instance', 'cluster'] as const;
  type Level = (typeof levels)[number];
  const found = Object.fromEntries(
    levels.map((level) => [
      level,
      { level, steps: [], positive: { mean: [], spread: [] }, negative: { mean: [], spread: [] } },
    ]),
  ) as unknown as Record<
    Level,
    ReportSimilarity & { steps: number[] } & Record<
        'positive' | 'negative',
        Record<'mean' | 'spread', number[]>
      >
  >;
  return {
    add(event: RunEvent): void {
      for (const level of levels) {
        const names = ['Positive', 'PositiveSpread', 'Negative', 'NegativeSpread'].map(
          (what) => level + what,
        );
        const values = names.map((name) => event[name]);
        if (!values.every((value) => typeof value === 'number')) continue;
        const { steps, positive, negative } = found[level];
        steps.push(event.step);
        [positive.mean, positive.spread, negative.mean, negative.spread].forEach((list, i) => {
          list.push(values[i] as number);
        });
      }
    },
    of: (level: Level): ReportSimilarity | undefined =>
      found[level].steps.length > 1 ? found[level] : undefined,
  };
}
