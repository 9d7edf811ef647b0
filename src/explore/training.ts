/** Training of a run for the page: curves, measures, verdict, speed and time left. */
import { stat } from 'node:fs/promises';
import { shownMeasures } from '../report/index.ts';
import { type RunEvent, type RunFolder, readEventsFrom } from '../run/index.ts';
import { baselineName, verdictWords } from '../train/index.ts';
import { stateOf } from './openedRun.ts';
import type { RunState } from './protocol.ts';
import type { CurveAnswer, TrainingAnswer } from './trainingProtocol.ts';

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
  [
    'usageEntropy',
    { name: 'Use of prototypes in steps', meaning: 'Entropy of the codes of an epoch; 1: even.' },
  ],
]);

/** Part of a log that was read. */
interface Log {
  /** Bytes that were read. */
  offset: number;
  readonly steps: number[];
  readonly loss: (number | null)[];
  readonly times: (number | undefined)[];
  readonly curves: Map<string, { steps: number[]; values: (number | null)[] }>;
  last?: RunEvent;
  totalSteps?: number;
  facts: Partial<Pick<TrainingAnswer, 'chance' | 'notes'>>;
  verdict: Pick<TrainingAnswer, 'verdict' | 'health' | 'meaning' | 'remedy'>;
}

const emptyLog = (): Log => ({
  ...{ offset: 0, steps: [], loss: [], times: [], curves: new Map(), facts: {}, verdict: {} },
});

/** Logs by the run folders that they were read for, so that a page that asks again reads on. */
const logs = new WeakMap<RunFolder, Promise<Log>>();

/**
 * Reads the training of a run from its event log, which another process may be writing. A later
 * call for the same folder reads only the lines that were added.
 *
 * @param batchSize images of a step, for the throughput
 * @throws LikenessError `events.missing`, `events.malformed`
 */
export async function readTraining(folder: RunFolder, batchSize: number): Promise<TrainingAnswer> {
  const before = logs.get(folder)?.catch(() => emptyLog()) ?? Promise.resolve(emptyLog());
  const reading = before.then((log) => readOn(log, folder.files.events));
  logs.set(folder, reading);
  return answerOf(await reading, batchSize, await stateOf(folder, 'trained'));
}

/** Reads the lines after those of a log; from the start where the file has become shorter. */
async function readOn(log: Log, file: string): Promise<Log> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  const next = size < log.offset ? emptyLog() : log;
  for await (const { event, offset } of readEventsFrom(file, next.offset)) {
    addEvent(next, event);
    next.offset = offset;
  }
  return next;
}

function addEvent(log: Log, event: RunEvent): void {
  log.last = event;
  switch (event.kind) {
    case 'run-started':
      if (event.facts) log.facts = factsOf(event.facts);
      break;
    case 'schedule':
      log.totalSteps = event.totalSteps;
      break;
    case 'step':
      log.steps.push(event.step);
      log.loss.push(event.loss);
      log.times.push(event.seconds);
      break;
    case 'doctor':
      log.verdict = verdictOf(event);
      break;
    case 'measures':
    case 'epoch':
      for (const name of measures.keys()) {
        const value = event[name];
        if (typeof value !== 'number' && value !== null) continue;
        const curve = log.curves.get(name) ?? { steps: [], values: [] };
        curve.steps.push(event.step);
        curve.values.push(value);
        log.curves.set(name, curve);
      }
  }
}

function answerOf(
  { steps, loss, times, curves, last, totalSteps, facts, verdict }: Log,
  batchSize: number,
  state: RunState,
): TrainingAnswer {
  const { step = 0, epoch = 0 } = last ?? {};
  const seconds = times.findLast((time) => time !== undefined);
  const rate = stepsPerSecond(steps, times);
  return {
    ...{ state, step, epoch, steps: thinned(steps), loss: thinned(loss) },
    ...(totalSteps !== undefined && { totalSteps }),
    ...(seconds !== undefined && { seconds }),
    ...(rate !== undefined && { throughput: rate * batchSize }),
    ...(rate !== undefined &&
      totalSteps !== undefined && { remaining: Math.max(0, totalSteps - step) / rate }),
    measures: [...curves].map(
      ([key, { steps, values }]): CurveAnswer => ({
        ...measures.get(key)!,
        ...{ steps: thinned(steps), values: thinned(values) },
      }),
    ),
    ...verdict,
    ...{ notes: [], ...facts },
  };
}

/** Leaves out values between the first and the last, evenly, down to the most of a curve. */
function thinned<T>(values: readonly T[]): T[] {
  const stride = Math.ceil(values.length / MAX_POINTS) || 1;
  return values.filter((_, i) => i % stride === 0 || i === values.length - 1);
}

function verdictOf({ message, verdict: health, remedy }: Extract<RunEvent, { kind: 'doctor' }>) {
  const meaning = (verdictWords as Readonly<Record<string, string>>)[health];
  return { verdict: message, health, remedy, ...(meaning !== undefined && { meaning }) };
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
