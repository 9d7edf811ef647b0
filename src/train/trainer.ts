/**
 * The trainer: a loop that feeds a method's step, tells what happens, and saves where it stands.
 *
 * It knows nothing of the method (a program with state and scalars), of files (a function that saves) or of the
 * terminal (events). Batches are functions of (seed, epoch, step), so a run that starts from a saved state ends with
 * the same state as one that was never interrupted.
 */
import { LikenessError } from '../core/errors.ts';
import type { MethodProgram, Moment } from '../methods/index.ts';
import type { Engine, Plan, Values } from '../runtime/index.ts';
import type { Batch, Loader } from '../views/index.ts';
import { createDoctor, type DoctorState, type Verdict, type Vitals } from './doctor.ts';

/** Where a run stands: all that is needed to go on as if it had never stopped. */
export interface Standing {
  /** Steps done. */
  step: number;
  /** Steps of the whole schedule; absent while a time budget is still being measured. */
  totalSteps?: number;
  state: Values;
  doctor?: DoctorState;
  health: Verdict['health'];
  /** Seconds of training so far, over all sittings. */
  seconds: number;
  plan: Plan;
}

export type TrainEvent =
  | { kind: 'compiled'; seconds: number; nodes: number }
  | { kind: 'schedule'; totalSteps: number; stepsPerEpoch: number }
  | ({
      kind: 'step';
      step: number;
      epoch: number;
      loss: number;
      learningRate: number;
      agreement: number;
    } & Progress)
  | ({ kind: 'epoch'; epoch: number; step: number; loss: number } & Vitals & Progress)
  | ({ kind: 'doctor'; step: number } & Verdict)
  | { kind: 'checkpoint'; step: number };

export interface Progress {
  totalSteps?: number;
  imagesPerSecond: number;
  /** Seconds of training so far and, by the speed so far, to come. */
  seconds: number;
  secondsLeft?: number;
  /** Share of the step time spent waiting for views. */
  waiting: number;
  health: Verdict['health'];
}

export interface TrainOptions {
  engine: Engine;
  method: MethodProgram;
  loader: Loader;
  batchSize: number;
  prototypes: number;
  seed: number;
  /** How long: whole epochs, or about so many minutes (steps are then set by the speed of the first ones). */
  budget: { epochs: number } | { minutes: number };
  maxSteps?: number;
  checkpointSeconds?: number;
  /** Where to go on from. */
  from?: Standing;
  save(standing: Standing): Promise<void>;
  /** Told of the compiled step before the first one is run: its plan must be stored for the run to be repeatable. */
  onCompiled?(compiled: { plan: Plan; model: Uint8Array }): Promise<void>;
  onEvent?(event: TrainEvent): void;
  /** Ends the run after the current step, with its state saved. */
  signal?: AbortSignal;
}

export interface TrainResult {
  outcome: 'finished' | 'interrupted' | 'unwell';
  standing: Standing;
  verdict: Verdict;
}

/** Steps before the speed is trusted, and steps over which it is then measured, for a budget in minutes. */
const WARM_STEPS = 4;
const MEASURED_STEPS = 16;
/** Share of such a budget after which the speed is taken as it is. */
const MEASURED_SHARE = 0.1;

/** Trains until the budget is used, the signal is given, or the doctor stops the run. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { engine, method, loader, from, seed, batchSize, onEvent = () => {}, signal } = options;
  const { stepsPerEpoch } = loader;
  if (stepsPerEpoch < 1) {
    throw new LikenessError(
      'train.tooFew',
      `batchSize: received ${batchSize}, more than there are images; expected at most their number`,
    );
  }
  const started = performance.now();
  const executable = await engine.compile(method.program, { plan: from?.plan });
  onEvent({
    kind: 'compiled',
    seconds: (performance.now() - started) / 1000,
    nodes: executable.nodeCount,
  });
  let saving: Promise<void> = Promise.resolve();
  try {
    await options.onCompiled?.({ plan: executable.plan, model: executable.model });
    await executable.writeState(from?.state ?? method.initialState(seed));
    let totalSteps = from?.totalSteps ?? plannedSteps(options, stepsPerEpoch);
    if (totalSteps !== undefined) onEvent({ kind: 'schedule', totalSteps, stepsPerEpoch });
    const doctor = createDoctor(
      { prototypes: options.prototypes, grace: Math.max(50, stepsPerEpoch), patience: 200 },
      from?.doctor,
    );
    const clock = createClock(from?.seconds ?? 0, batchSize);
    let step = from?.step ?? 0;
    let verdict: Verdict = { health: from?.health ?? 'warming up', message: '', remedy: '' };
    let lastSave = performance.now();
    let failure: unknown;

    const standing = async (): Promise<Standing> => ({
      step,
      totalSteps,
      state: await executable.readState(),
      doctor: doctor.state(),
      health: verdict.health,
      seconds: clock.seconds(),
      plan: executable.plan,
    });
    /** Saves off the critical path; one save at a time. */
    const checkpoint = async () => {
      const now = await standing();
      await saving;
      lastSave = performance.now();
      saving = options
        .save(now)
        .then(() => onEvent({ kind: 'checkpoint', step: now.step }))
        .catch((error) => {
          failure ??= error;
        });
    };

    const nextBatch = (at: number) => {
      const batch = loader.batch(Math.floor(at / stepsPerEpoch), at % stepsPerEpoch);
      // A batch that was asked for and not used must not become an unhandled rejection when the loader closes.
      batch.catch(() => {});
      return batch;
    };
    let coming: Promise<Batch> | undefined;
    if (step < (totalSteps ?? Infinity)) coming = nextBatch(step);
    let epochLoss = 0;
    let epochSteps = 0;

    while (step < (totalSteps ?? Infinity) && !signal?.aborted && !isIll(verdict)) {
      if (failure) throw failure;
      const begun = performance.now();
      const batch = await coming!;
      const waited = performance.now() - begun;
      const moment: Moment = { step, stepsPerEpoch, totalSteps: totalSteps ?? Number.MAX_SAFE_INTEGER };
      const scalars = method.scalars(moment);
      const running = executable.run(feedsOf(batch, scalars), { transfer: true });
      if (step + 1 < (totalSteps ?? Infinity)) coming = nextBatch(step + 1);
      const results = await running;
      const loss = results.loss![0]!;
      const epoch = Math.floor(step / stepsPerEpoch);
      step++;
      clock.tick(performance.now() - begun, waited);
      epochLoss += loss;
      epochSteps++;

      const before = verdict.health;
      verdict = doctor.observe({
        step,
        loss,
        usage: results.usage as Float32Array,
        embeddingMean: results.embeddingMean as Float32Array,
        embeddingMoment: results.embeddingMoment as Float32Array,
      });
      if (verdict.health !== before) onEvent({ kind: 'doctor', step, ...verdict });
      if (totalSteps === undefined && speedIsKnown(options, step, clock)) {
        totalSteps = stepsInBudget(options, step, clock);
        onEvent({ kind: 'schedule', totalSteps, stepsPerEpoch });
      }
      const progress = clock.progress(step, totalSteps, verdict.health);
      const { learningRate = 0 } = scalars;
      onEvent({
        kind: 'step',
        step,
        epoch,
        loss,
        learningRate,
        agreement: results.agreement![0]!,
        ...progress,
      });
      if (step % stepsPerEpoch === 0) {
        onEvent({
          kind: 'epoch',
          epoch,
          step,
          ...progress,
          ...doctor.vitals(),
          loss: epochLoss / epochSteps,
        });
        epochLoss = 0;
        epochSteps = 0;
      }
      const endOfEpoch = step % stepsPerEpoch === 0 && performance.now() - lastSave > 5000;
      const due = performance.now() - lastSave >= (options.checkpointSeconds ?? 60) * 1000;
      // An ill state is never saved over a good one: a broken run restarts from its last healthy checkpoint.
      if ((due || endOfEpoch) && !isIll(verdict)) await checkpoint();
    }
    await saving;
    if (failure) throw failure;
    const last = await standing();
    if (isIll(verdict)) return { outcome: 'unwell', standing: last, verdict };
    await options.save(last);
    onEvent({ kind: 'checkpoint', step: last.step });
    const outcome = step >= (totalSteps ?? Infinity) ? 'finished' : 'interrupted';
    return { outcome, standing: last, verdict };
  } finally {
    // After a failure too: whoever closes the files next must not close them under a save.
    await saving;
    await executable.dispose().catch(() => {});
  }
}

/** Whether the doctor stops the run. */
function isIll({ health }: Verdict): boolean {
  return health === 'collapsed' || health === 'diverged' || health === 'narrow';
}

/** Steps of the schedule where they are known from the start. */
function plannedSteps({ budget, maxSteps }: TrainOptions, stepsPerEpoch: number): number | undefined {
  if ('minutes' in budget) return undefined;
  return Math.min(budget.epochs * stepsPerEpoch, maxSteps ?? Infinity);
}

/** Whether a budget in minutes can be turned into steps; slow steps must not eat the budget while they are timed. */
function speedIsKnown({ budget, maxSteps }: TrainOptions, step: number, clock: Clock): boolean {
  const minutes = 'minutes' in budget ? budget.minutes : 0;
  const timedLongEnough = clock.measured() >= 2 && clock.seconds() >= MEASURED_SHARE * minutes * 60;
  return clock.measured() >= WARM_STEPS + MEASURED_STEPS || timedLongEnough || step >= (maxSteps ?? Infinity);
}

function stepsInBudget({ budget, maxSteps }: TrainOptions, step: number, clock: Clock): number {
  const minutes = 'minutes' in budget ? budget.minutes : 0;
  const left = minutes * 60 - clock.seconds();
  const more = Math.max(1, Math.floor(left / clock.secondsPerStep(WARM_STEPS)));
  return Math.min(step + more, maxSteps ?? Infinity);
}

function feedsOf(batch: Batch, scalars: Record<string, number>): Values {
  const feeds: Values = {};
  batch.crops.forEach((pixels, g) => {
    feeds[`crops.${g}`] = pixels;
  });
  for (const [name, value] of Object.entries(scalars)) feeds[name] = Float32Array.of(value);
  return feeds;
}

interface Clock {
  tick(milliseconds: number, waited: number): void;
  seconds(): number;
  /** Steps of this sitting. */
  measured(): number;
  secondsPerStep(skip: number): number;
  progress(step: number, totalSteps: number | undefined, health: Verdict['health']): Progress;
}

/** Speed over the last steps, and time over all sittings. */
function createClock(before: number, batchSize: number): Clock {
  const RECENT = 32;
  const times: number[] = [];
  const waits: number[] = [];
  let total = before;
  let count = 0;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const clock: Clock = {
    tick(milliseconds, waited) {
      total += milliseconds / 1000;
      count++;
      times.push(milliseconds);
      waits.push(waited);
      if (times.length > RECENT) {
        times.shift();
        waits.shift();
      }
    },
    seconds: () => total,
    measured: () => count,
    secondsPerStep(skip) {
      // The first steps fill caches and arenas and would count as slow ones.
      const recent = times.slice(count <= RECENT ? Math.min(skip, times.length - 1) : 0);
      return sum(recent) / recent.length / 1000;
    },
    progress: (step, totalSteps, health) => ({
      totalSteps,
      imagesPerSecond: (batchSize * times.length * 1000) / sum(times),
      seconds: total,
      secondsLeft:
        totalSteps === undefined ? undefined : ((totalSteps - step) * sum(times)) / times.length / 1000,
      waiting: sum(waits) / sum(times),
      health,
    }),
  };
  return clock;
}
