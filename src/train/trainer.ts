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
import { type Budget, createPlan } from './budget.ts';
import { createClock, type Progress } from './clock.ts';
import { createDoctor, type DoctorState, type Verdict, type Vitals } from './doctor.ts';
import { type EvaluationImages, runPhase } from './phase.ts';

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
  | { kind: 'schedule'; step: number; totalSteps: number; stepsPerEpoch: number }
  | ({
      kind: 'step';
      step: number;
      epoch: number;
      loss: number;
      learningRate: number;
      /** Share of images whose two views agree, where the method says so. */
      agreement?: number;
      /** What else the method says of a step. */
      facts: Record<string, number>;
    } & Progress)
  | ({ kind: 'epoch'; epoch: number; step: number; loss: number } & Vitals & Progress)
  | ({ kind: 'doctor'; step: number } & Verdict)
  | { kind: 'phase-progress'; what: string }
  | { kind: 'phase'; epoch: number; step: number; duration: number; facts: Record<string, number> }
  | { kind: 'checkpoint'; step: number };

/** The end of an epoch or of the run, for whoever watches. */
export interface EpochEnd {
  readonly epoch: number;
  readonly step: number;
  /** Whether it is the run's last step. */
  readonly last: boolean;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Copies of parts of the state. */
  readState(names: readonly string[]): Promise<Values>;
}

export interface TrainOptions {
  engine: Engine;
  method: MethodProgram;
  loader: Loader;
  batchSize: number;
  seed: number;
  /** All images in their evaluation view, for methods that look at them between epochs. */
  evaluationImages?: EvaluationImages;
  budget: Budget;
  maxSteps?: number;
  checkpointSeconds?: number;
  /** Where to go on from. */
  from?: Standing;
  save(standing: Standing): Promise<void>;
  /** Told of the compiled step before the first one is run: its plan must be stored for the run to be repeatable. */
  onCompiled?(compiled: { plan: Plan; model: Uint8Array }): Promise<void>;
  onEvent?(event: TrainEvent): void;
  /** Shares of the schedule, above 0 and below 1, after which `onMilestone` is handed the state. */
  milestones?: readonly number[];
  /** The next step waits for it, and its time is not training time; never called with an ill state. */
  onMilestone?(standing: Standing): Promise<void>;
  /** Called and waited for after each epoch and after the last step; it can read the state and cannot change it. */
  onEpochEnd?(end: EpochEnd): Promise<void>;
  /** Ends the run after the current step, with its state saved. */
  signal?: AbortSignal;
}

export interface TrainResult {
  outcome: 'finished' | 'interrupted' | 'unwell';
  standing: Standing;
  verdict: Verdict;
}

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
    const doctor = createDoctor(
      { chanceLoss: method.chanceLoss, grace: Math.max(50, stepsPerEpoch), patience: 200 },
      from?.doctor,
    );
    const clock = createClock(from?.seconds ?? 0, batchSize);
    const { phase } = method;
    const plan = createPlan(options, { stepsPerEpoch, isDue: phase?.isDue }, clock, from?.totalSteps);
    let { totalSteps } = plan;
    let step = from?.step ?? 0;
    if (totalSteps !== undefined) onEvent({ kind: 'schedule', step, totalSteps, stepsPerEpoch });
    const milestones = createMilestones(options.milestones, step, totalSteps);
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
    /** Orders the images of a step's epoch as the method wants, from the state as its phase left it. */
    const putInOrder = async (epoch: number) => {
      if (!phase?.order) return;
      const state = await executable.readState(phase.orderState ?? []);
      const count = stepsPerEpoch * batchSize;
      loader.setOrder(epoch, phase.order({ epoch, seed, count, state }));
    };
    /** What comes before an epoch's first step; false where the run was stopped in the middle of it. */
    const beginEpoch = async (epoch: number): Promise<boolean> => {
      if (!phase?.isDue(epoch)) return true;
      const { evaluationImages } = options;
      if (!evaluationImages) {
        throw new LikenessError('train.images', 'evaluationImages: expected for a method with epoch phases');
      }
      const begun = performance.now();
      try {
        const { facts } = await runPhase({
          ...{ engine, step: executable, phase, loader, evaluationImages, images: loader.count },
          ...{ epoch, seed, signal },
          onProgress: (what) => onEvent({ kind: 'phase-progress', what }),
        });
        const milliseconds = performance.now() - begun;
        clock.phase(milliseconds);
        onEvent({ kind: 'phase', epoch, step, duration: milliseconds / 1000, facts });
      } catch (error) {
        // Stopped before it changed anything: the state of the epoch's end is saved, and a resume does the phase again.
        if (signal?.aborted) return false;
        throw error;
      }
      return true;
    };

    /** Lets a watcher look at an epoch's end, or at the run's where that is in the middle of an epoch. */
    const tellEpochEnd = async (epoch: number) => {
      if (!options.onEpochEnd || signal?.aborted || isIll(verdict)) return;
      const paused = performance.now();
      await options.onEpochEnd({
        epoch,
        step,
        last: step >= (totalSteps ?? Infinity),
        seconds: clock.seconds(),
        readState: (names) => executable.readState(names),
      });
      clock.aside(performance.now() - paused);
    };

    let coming: Promise<Batch> | undefined;
    if (phase && step % stepsPerEpoch !== 0) await putInOrder(Math.floor(step / stepsPerEpoch));
    let epochLoss = 0;
    let epochSteps = 0;

    while (step < (totalSteps ?? Infinity) && !signal?.aborted && !isIll(verdict)) {
      if (failure) throw failure;
      if (step % stepsPerEpoch === 0) {
        const epoch = step / stepsPerEpoch;
        if (!(await beginEpoch(epoch))) break;
        await putInOrder(epoch);
      }
      const begun = performance.now();
      const batch = await (coming ?? nextBatch(step));
      const waited = performance.now() - begun;
      const moment: Moment = { step, stepsPerEpoch, totalSteps: totalSteps ?? Number.MAX_SAFE_INTEGER };
      const scalars = method.scalars(moment);
      const feeds = { ...feedsOf(batch, scalars), ...method.draws?.(moment, seed) };
      const running = executable.run(feeds, { transfer: true });
      // The order of a next epoch may hang on what its phase finds.
      const isKnown = !phase || (step + 1) % stepsPerEpoch !== 0;
      coming = isKnown && step + 1 < (totalSteps ?? Infinity) ? nextBatch(step + 1) : undefined;
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
        usage: results.usage as Float32Array | undefined,
        embeddingMean: results.embeddingMean as Float32Array,
        embeddingMoment: results.embeddingMoment as Float32Array,
      });
      if (verdict.health !== before) onEvent({ kind: 'doctor', step, ...verdict });
      if (plan.revise(step)) {
        totalSteps = plan.totalSteps!;
        onEvent({ kind: 'schedule', step, totalSteps, stepsPerEpoch });
      }
      const progress = clock.progress(step, totalSteps, verdict.health);
      const { learningRate = 0 } = scalars;
      onEvent({
        kind: 'step',
        step,
        epoch,
        loss,
        learningRate,
        agreement: results.agreement?.[0],
        facts: factsOf(results),
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
      if (milestones.reached(step, totalSteps) && !isIll(verdict)) {
        await options.onMilestone?.(await standing());
      }
      if (step % stepsPerEpoch === 0 || step >= (totalSteps ?? Infinity)) await tellEpochEnd(epoch);
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

/**
 * Tells when a share of the schedule is reached, each share once though the schedule may be revised. Those that pass before
 * there is one are told with its first step.
 */
function createMilestones(shares: readonly number[] = [], from: number, totalAtStart?: number) {
  const stepOf = (share: number, totalSteps: number) => Math.max(1, Math.round(share * totalSteps));
  let ahead = shares.filter((share) => totalAtStart === undefined || stepOf(share, totalAtStart) > from);
  return {
    reached(step: number, totalSteps: number | undefined): boolean {
      if (totalSteps === undefined) return false;
      const left = ahead.filter((share) => stepOf(share, totalSteps) > step);
      const some = left.length < ahead.length;
      ahead = left;
      return some;
    },
  };
}

const FACT = 'fact.';

/** Outputs `fact.<name>` of a step by name. */
function factsOf(results: Values): Record<string, number> {
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, value]) =>
      name.startsWith(FACT) ? [[name.slice(FACT.length), Number(value[0])]] : [],
    ),
  );
}

function feedsOf(batch: Batch, scalars: Record<string, number>): Values {
  const feeds: Values = { indices: Int32Array.from(batch.positions) };
  batch.crops.forEach((pixels, g) => {
    feeds[`crops.${g}`] = pixels;
  });
  for (const [name, value] of Object.entries(scalars)) feeds[name] = Float32Array.of(value);
  return feeds;
}
