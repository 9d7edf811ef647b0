/** Training of a run for the page: curves, measures, verdict, speed and time left. */
import { shownMeasures } from '../report/index.ts';
import { type RunEvent, type RunFolder, readEvents } from '../run/index.ts';
import { baselineName } from '../train/index.ts';
import { stateOf } from './openedRun.ts';
import type { CurveAnswer, TrainingAnswer } from './protocol.ts';

/** Most points of a curve. */
const MAX_POINTS = 2000;
/** Steps over which the speed is measured. */
const RECENT = 50;

/** Measures of events by their keys, with names and meanings for people. */
const measures = new Map<string, { name: string; meaning: string }>([
  ...shownMeasures.map(([key, name, meaning]): [string, { name: string; meaning: string }] => [
    key,
    { name, meaning },
  ]),
  ['usageEntropy', { name: 'Use of prototypes', meaning: 'Entropy over all images; 1: even.' }],
]);

/**
 * Reads the training of a run from its event log, which another process may be writing.
 *
 * @param batchSize images of a step, for the throughput
 * @throws LikenessError `events.missing`, `events.malformed`
 */
export async function readTraining(folder: RunFolder, batchSize: number): Promise<TrainingAnswer> {
  const steps: number[] = [];
  const loss: (number | null)[] = [];
  const times: (number | undefined)[] = [];
  const curves = new Map<string, { steps: number[]; values: (number | null)[] }>();
  let last: RunEvent | undefined;
  let totalSteps: number | undefined;
  let facts: Partial<Pick<TrainingAnswer, 'chance' | 'notes'>> = {};
  let verdict: Pick<TrainingAnswer, 'verdict' | 'health' | 'remedy'> = {};
  for await (const event of readEvents(folder.files.events)) {
    last = event;
    switch (event.kind) {
      case 'run-started':
        if (event.facts) facts = factsOf(event.facts);
        break;
      case 'schedule':
        totalSteps = event.totalSteps;
        break;
      case 'step':
        steps.push(event.step);
        loss.push(event.loss);
        times.push(event.seconds);
        break;
      case 'doctor':
        verdict = { verdict: event.message, health: event.verdict, remedy: event.remedy };
        break;
      case 'measures':
      case 'epoch':
        for (const name of measures.keys()) {
          const value = event[name];
          if (typeof value !== 'number' && value !== null) continue;
          const curve = curves.get(name) ?? { steps: [], values: [] };
          curve.steps.push(event.step);
          curve.values.push(value);
          curves.set(name, curve);
        }
    }
  }
  const stride = Math.ceil(steps.length / MAX_POINTS) || 1;
  const thinned = <T>(values: readonly T[]) =>
    values.filter((_, i) => i % stride === 0 || i === values.length - 1);
  const { step = 0, epoch = 0 } = last ?? {};
  const seconds = times.findLast((time) => time !== undefined);
  const rate = stepsPerSecond(steps, times);
  return {
    state: await stateOf(folder, 'trained'),
    ...{ step, epoch, steps: thinned(steps), loss: thinned(loss) },
    ...(totalSteps !== undefined && { totalSteps }),
    ...(seconds !== undefined && { seconds }),
    ...(rate !== undefined && { throughput: rate * batchSize }),
    ...(rate !== undefined &&
      totalSteps !== undefined && { remaining: Math.max(0, totalSteps - step) / rate }),
    measures: [...curves].map(([key, curve]): CurveAnswer => ({ ...measures.get(key)!, ...curve })),
    ...verdict,
    ...{ notes: [], ...facts },
  };
}

function factsOf({
  randomBaselineLoss: value,
  notes,
}: {
  randomBaselineLoss: number | null;
  notes: readonly string[];
}) {
  return { notes, ...(value !== null && { chance: { value, name: baselineName(value) } }) };
}

/** Speed over the last steps; undefined where the log has no times. */
function stepsPerSecond(
  steps: readonly number[],
  times: readonly (number | undefined)[],
): number | undefined {
  const first = Math.max(0, steps.length - RECENT);
  const [from, to] = [times[first], times.at(-1)];
  if (from === undefined || to === undefined || to <= from) return undefined;
  return (steps.at(-1)! - steps[first]!) / (to - from);
}
