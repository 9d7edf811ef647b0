/**
 * The trainer: feeds batches to a method's compiled step, reports events, and saves its state.
 *
 * It knows no method (a program with state and scalars), no files (a function that saves) and no
 * terminal (events). Batches are functions of (seed, epoch, step), so a run that continues from a
 * saved state ends with the same state as an uninterrupted one.
 */
import type { Communicator } from '../collectives/index.ts';
import type { Values } from '../compile/index.ts';
import { untilSaved } from '../core/ending.ts';
import { LikenessError } from '../core/errors.ts';
import type { Moment } from '../methods/index.ts';
import { type Budget, createPlan, type StepPlan } from './budget.ts';
import { type Clock, createClock, monotonicNow, type Now } from './clock.ts';
import { type Doctor, doctorOf, isFailed, type Verdict } from './doctor.ts';
import { type Beginning, createEpochs, type Epochs, type EpochsOptions } from './epochs.ts';
import type { EpochEnd, TrainEvent } from './events.ts';
import { createPrefetch, factsOf, feedsOf, type Prefetch } from './feeds.ts';
import { type JudgedFacts, judge } from './judge.ts';
import { createMilestones, type Milestones } from './milestones.ts';
import { agree } from './ranks.ts';
import { createSaver, type Saver } from './saver.ts';
import { type OnCompiled, openStages, type Stages } from './stages.ts';
import type { TrainingState } from './trainingState.ts';
import { isRankDue } from './vitals.ts';
import {
  areWeightsRead,
  changeOf,
  measureWeights,
  normOf,
  trainedNames,
  type Weights,
} from './weights.ts';

export interface TrainOptions extends EpochsOptions {
  budget: Budget;
  maxSteps?: number;
  /** Ranks that train together. Only one of them is given `save` and the other receivers. */
  communicator?: Communicator | undefined;
  /** Seconds between two checkpoints. Default 60. */
  checkpointSeconds?: number;
  /** State to continue from. */
  from?: TrainingState;
  /**
   * Moment, as `now` gives it, from which the budget in minutes counts. Default: the first step.
   */
  began?: number | undefined;
  /** Facts that the finished run is judged by. Default: the number of images. */
  judgedBy?: JudgedFacts;
  /** Stores the state. Called now and then, one call at a time, and at the end. */
  save?(training: TrainingState): Promise<void>;
  /**
   * Receives each compiled step before its first run. Its plan must be stored for the run to be
   * repeatable.
   */
  onCompiled?: OnCompiled;
  /**
   * Fractions of the schedule, above 0 and below 1, after which `onMilestone` receives the state.
   */
  milestones?: readonly number[];
  /**
   * Awaited before the next step and not counted as training time. Never called with a failed
   * state.
   */
  onMilestone?(training: TrainingState): Promise<void>;
  /**
   * Awaited after each epoch and after the last step. It can read the state and cannot change it.
   */
  onEpochEnd?(end: EpochEnd): Promise<void>;
}

export interface TrainResult {
  outcome: 'finished' | 'interrupted' | 'failed';
  training: TrainingState;
  verdict: Verdict;
  /** Passes over the images so far; may be a fraction. */
  epochs: number;
}

/** Milliseconds after a checkpoint before the end of an epoch writes another. */
const MIN_CHECKPOINT_AGE = 5000;

/**
 * Trains until the budget is used, the signal is aborted, or the doctor stops the run.
 *
 * @throws LikenessError `train.tooFew` where there are fewer images than one batch takes.
 */
export async function trainMethod(options: TrainOptions): Promise<TrainResult> {
  const { method, loader, from, batchSize, now = monotonicNow } = options;
  const { onEvent = () => {}, save = async () => {} } = options;
  if (loader.stepsPerEpoch < 1) {
    throw new LikenessError(
      'train.tooFew',
      `batchSize: received ${batchSize}, more than there are images; expected at most their number`,
    );
  }
  const stages = await openStages(options, {
    epoch: Math.floor(openingStep(from) / loader.stepsPerEpoch),
    state: from?.state ?? method.initialState(options.seed),
    plan: from?.plan,
  });
  const saver = createSaver(save, (step) => onEvent({ kind: 'checkpoint', step }), now);
  try {
    const run = openTraining(options, stages, saver);
    return await untilSaved(async () => {
      await takeSteps(run);
      await saver.settled();
      saver.check();
      if (isComplete(run)) judgeEnd(run, await stages.readState(run.trained));
      const training = await stateOf(run);
      const ended = { training, verdict: run.verdict, epochs: run.step / run.stepsPerEpoch };
      if (isFailed(run.verdict)) return { ...ended, outcome: 'failed' };
      await save(training);
      onEvent({ kind: 'checkpoint', step: training.step });
      return { ...ended, outcome: isComplete(run) ? 'finished' : 'interrupted' };
    });
  } finally {
    // Also after a failure, because the caller may close files that the save writes.
    await saver.settled();
    await stages.dispose().catch(() => {});
  }
}

/** Step whose stage is opened: the next one, or the last one of a complete run. */
function openingStep(from: TrainingState | undefined): number {
  const { step = 0, totalSteps = Infinity } = from ?? {};
  return step < totalSteps ? step : Math.max(0, step - 1);
}

/** A run in training: its position, which every step changes, and the parts that watch it. */
interface Training {
  readonly options: TrainOptions;
  readonly onEvent: (event: TrainEvent) => void;
  readonly stages: Stages;
  readonly saver: Saver;
  readonly clock: Clock;
  readonly now: Now;
  readonly plan: StepPlan;
  readonly epochs: Epochs;
  readonly milestones: Milestones;
  readonly stepsPerEpoch: number;
  /** Names of the weights that the doctor watches. */
  readonly trained: readonly string[];
  /** Norm of these weights before the first step. */
  readonly weightNorm: number;
  doctor: Doctor;
  step: number;
  totalSteps: number | undefined;
  verdict: Verdict;
  /** Sum of losses and number of steps of the current epoch. */
  epochLoss: number;
  epochSteps: number;
}

function openTraining(options: TrainOptions, stages: Stages, saver: Saver): Training {
  const { method, loader, from, batchSize, onEvent = () => {}, now = monotonicNow } = options;
  const { stepsPerEpoch } = loader;
  const before = options.began === undefined ? 0 : (now() - options.began) / 1000;
  const clock = createClock((from?.seconds ?? 0) + before, batchSize);
  const isDue = method.phase?.isDue;
  const plan = createPlan(options, { stepsPerEpoch, isDue }, clock, from?.totalSteps);
  const trained = trainedNames(method);
  const weightNorm = normOf(method.initialState(options.seed), trained);
  const { epochLosses = [] } = from ?? {};
  return {
    ...{ options, onEvent, stages, saver, clock, now, plan, stepsPerEpoch, trained, weightNorm },
    doctor: doctorOf(stages.step, { stepsPerEpoch, weightNorm }, from?.doctor),
    epochs: createEpochs(options, stages, clock),
    milestones: createMilestones(options.milestones, from?.step ?? 0, plan.totalSteps),
    step: from?.step ?? 0,
    totalSteps: plan.totalSteps,
    verdict: { health: from?.health ?? 'warming up', message: '', remedy: '' },
    epochLoss: epochLosses.reduce((sum, loss) => sum + loss, 0),
    epochSteps: epochLosses.length,
  };
}

/** Replaces the last verdict of a finished run by the judgment on it. */
function judgeEnd(run: Training, weights: Values): void {
  const { options, stages, doctor, clock, step, stepsPerEpoch, trained, onEvent } = run;
  const { method, loader, seed, judgedBy = { images: loader.count } } = options;
  const before = run.verdict.health;
  run.verdict = judge({
    ...judgedBy,
    verdict: run.verdict,
    doctor: doctor.state(),
    randomBaselineLoss: stages.step.randomBaselineLoss,
    agreementChance: stages.step.agreementChance,
    isLossJudged: stages.step.isLossJudged,
    weightChange:
      run.weightNorm > 0 ? changeOf(method.initialState(seed), weights, trained) : undefined,
    epochs: step / stepsPerEpoch,
    seconds: clock.seconds(),
  });
  if (run.verdict.health !== before) onEvent({ kind: 'doctor', step, ...run.verdict });
}

function isComplete({ step, totalSteps }: Training): boolean {
  return step >= (totalSteps ?? Infinity);
}

function isEpochEnd({ step, stepsPerEpoch }: Training): boolean {
  return step % stepsPerEpoch === 0;
}

async function stateOf({ stages, doctor, clock, ...run }: Training): Promise<TrainingState> {
  return {
    step: run.step,
    totalSteps: run.totalSteps,
    state: await stages.readState(),
    doctor: doctor.state(),
    health: run.verdict.health,
    seconds: clock.seconds(),
    plan: stages.plan,
  };
}

/** Takes steps until the run is complete, aborted or failed. */
async function takeSteps(run: Training): Promise<void> {
  const { options, stepsPerEpoch, epochs, saver } = run;
  if (run.totalSteps !== undefined) reportSchedule(run);
  if (!isEpochEnd(run)) await epochs.resume(Math.floor(run.step / stepsPerEpoch));
  const batches = createPrefetch(options.loader);
  while (!isComplete(run) && !isFailed(run.verdict) && !(await isEnded(run))) {
    saver.check();
    if (isEpochEnd(run) && !(await hasBegun(run))) break;
    const outcome = await takeStep(run, batches);
    const { epoch } = outcome;
    reportStep(run, outcome);
    if (run.milestones.reached(run.step, run.totalSteps) && !isFailed(run.verdict)) {
      await options.onMilestone?.(await stateOf(run));
    }
    if (isEpochEnd(run) || isComplete(run)) await reportEpochEnd(run, epoch);
    await saveWhenDue(run);
  }
}

/** True where a rank was asked to end, or stopped the work before an epoch. */
async function isEnded(run: Training, beginning: Beginning = 'begun'): Promise<boolean> {
  const { totalSteps, options } = run;
  const agreed = await agree(options, { hasBegun: beginning === 'begun', totalSteps });
  run.totalSteps = agreed.totalSteps;
  return agreed.isEnded;
}

/** Begins an epoch on all ranks; false where one of them ends. */
async function hasBegun(run: Training): Promise<boolean> {
  const beginning = await beginEpoch(run);
  return beginning !== 'ended' && !(await isEnded(run, beginning));
}

/** Begins an epoch, in the stage that it belongs to. */
async function beginEpoch(run: Training): Promise<Beginning> {
  const { options, stages, epochs, stepsPerEpoch, step } = run;
  const epoch = step / stepsPerEpoch;
  try {
    if (await stages.begin(epoch)) run.doctor = doctorOf(stages.step, run);
  } catch (error) {
    if (options.signal?.aborted) return 'stopped';
    throw error;
  }
  return epochs.begin(epoch, step);
}

interface StepOutcome {
  epoch: number;
  loss: number;
  learningRate: number;
  results: Values;
  /** Weights after the step, at steps where they are read. */
  weights: Weights | undefined;
}

/** Runs one step while the loader prepares the next batch. */
async function takeStep(run: Training, batches: Prefetch): Promise<StepOutcome> {
  const { options, stages, clock, now, stepsPerEpoch, step } = run;
  const { method, seed } = options;
  const begun = now();
  const batch = await batches.take(step);
  const waited = now() - begun;
  const moment: Moment = {
    step,
    stepsPerEpoch,
    totalSteps: run.totalSteps ?? Number.MAX_SAFE_INTEGER,
  };
  const scalars = stages.step.scalars(moment);
  const feeds = {
    ...feedsOf(batch, scalars, stages.step.rows),
    ...stages.step.draws?.(moment, seed),
  };
  const running = stages.run(feeds, { transfer: true });
  // A phase may change the order of the next epoch, so its first batch is not known yet.
  const isKnown = !(method.phase || method.stageStart) || (step + 1) % stepsPerEpoch !== 0;
  if (isKnown && step + 1 < (run.totalSteps ?? Infinity)) batches.prepare(step + 1);
  const results = await running;
  const loss = results.loss![0]!;
  run.step++;
  const weights = areWeightsRead(run.step, run.totalSteps) ? await readWeights(run) : undefined;
  clock.tick(now() - begun, waited);
  run.epochLoss += loss;
  run.epochSteps++;
  const epoch = Math.floor(step / stepsPerEpoch);
  return { epoch, loss, results, weights, learningRate: scalars.learningRate ?? 0 };
}

/** Reads the trained weights and the values of the optimizer. */
async function readWeights({ stages, trained }: Training): Promise<Weights> {
  return measureWeights(
    await stages.readState([...trained, ...stages.step.optimizerState]),
    trained,
  );
}

/**
 * Lets the doctor look at a step, revises the schedule, and reports the step and its epoch's end.
 */
function reportStep(
  run: Training,
  { epoch, loss, results, weights, learningRate }: StepOutcome,
): void {
  const { doctor, clock, plan, step, onEvent } = run;
  const before = run.verdict.health;
  run.verdict = doctor.observe({
    step,
    loss,
    usage: results.usage as Float32Array | undefined,
    embeddingMean: results.embeddingMean as Float32Array,
    embeddingMoment: results.embeddingMoment as Float32Array,
    agreement: results.agreement?.[0],
    weights,
  });
  if (run.verdict.health !== before) onEvent({ kind: 'doctor', step, ...run.verdict });
  if (plan.revise(step)) {
    run.totalSteps = plan.totalSteps;
    reportSchedule(run);
  }
  const progress = clock.progress(step, run.totalSteps, run.verdict.health);
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
  if (!isEpochEnd(run)) return;
  onEvent({
    kind: 'epoch',
    epoch,
    step,
    ...progress,
    ...doctor.vitals({
      rank: isRankDue(run, results.embeddingMean!.length) ? 'measured' : 'left out',
    }),
    loss: run.epochLoss / run.epochSteps,
  });
  run.epochLoss = 0;
  run.epochSteps = 0;
}

function reportSchedule({ step, totalSteps, stepsPerEpoch, onEvent }: Training): void {
  onEvent({ kind: 'schedule', step, totalSteps: totalSteps!, stepsPerEpoch });
}

/** Calls `onEpochEnd`, whose time counts as overhead. */
async function reportEpochEnd(run: Training, epoch: number): Promise<void> {
  const { options, stages, clock, now } = run;
  if (!options.onEpochEnd || options.signal?.aborted || isFailed(run.verdict)) return;
  const paused = now();
  await options.onEpochEnd({
    epoch,
    step: run.step,
    last: isComplete(run),
    seconds: clock.seconds(),
    readState: stages.readState,
  });
  clock.addOverhead(now() - paused);
}

/** Starts a save at the end of an epoch, or after `checkpointSeconds`. */
async function saveWhenDue(run: Training): Promise<void> {
  const { saver, options } = run;
  // The run saves its end with the judgment on it, so that no checkpoint is final without one.
  if (isComplete(run)) return;
  const endOfEpoch = isEpochEnd(run) && saver.age() > MIN_CHECKPOINT_AGE;
  const due = saver.age() >= (options.checkpointSeconds ?? 60) * 1000;
  // A failed state never replaces a good one, from which a broken run restarts.
  if ((due || endOfEpoch) && !isFailed(run.verdict)) await saver.start(await stateOf(run));
}
