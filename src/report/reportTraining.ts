/** What the event log of a run says about its training, for the report. */
import { methodProgram } from '../methods/index.ts';
import { type MeasuresEvent, type RunEvent, readEvents, type TrainedRun } from '../run/index.ts';
import type { ReportData, ReportSimilarity } from './data.ts';
import { reportMeasures } from './reportMeasures.ts';

/** Points of the training curve: more would not be seen. */
const MAX_POINTS = 2000;

/** Curves and the run doctor's last word, and the last measures without labels; absent where there is nothing to show. */
export async function reportTraining({
  folder,
  config,
}: Pick<TrainedRun, 'folder' | 'config'>): Promise<Pick<ReportData, 'training' | 'measures'>> {
  const steps: number[] = [];
  const loss: (number | null)[] = [];
  const usage = { steps: [] as number[], entropy: [] as number[] };
  const measured: MeasuresEvent[] = [];
  let verdict: string | undefined;
  const ofSteps = similarities();
  const ofEpochs = similarities();
  for await (const event of readEvents(folder.files.events)) {
    if (event.kind === 'step') {
      steps.push(event.step);
      loss.push(event.loss);
      ofSteps.add(event);
    } else if (event.kind === 'epoch') {
      if (typeof event.usageEntropy !== 'number') continue;
      usage.steps.push(event.step);
      usage.entropy.push(event.usageEntropy);
    } else if (event.kind === 'measures') {
      measured.push(event);
      ofEpochs.add(event);
    } else if (event.kind === 'doctor') verdict = event.message;
  }
  const measures = reportMeasures(measured);
  if (steps.length < 2) return { measures };
  const stride = Math.ceil(steps.length / MAX_POINTS);
  const kept = <T>(values: T[]) => values.filter((_, i) => i % stride === 0 || i === values.length - 1);
  const { chanceLoss } = methodProgram(config.settings, { images: config.images });
  const chance =
    chanceLoss === undefined
      ? undefined
      : { value: chanceLoss, name: `ln ${Math.round(Math.exp(chanceLoss))}` };
  return {
    measures,
    training: {
      steps: kept(steps),
      loss: kept(loss),
      chance,
      ...(usage.steps.length > 1 && { usage }),
      // A method that says them of its steps says them of its own embeddings and clusters; others are measured after epochs.
      similarities: (['instance', 'cluster'] as const).flatMap(
        (level) => ofSteps.of(level) ?? ofEpochs.of(level) ?? [],
      ),
      verdict,
    },
  };
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
