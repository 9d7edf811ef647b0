/**
 * The run doctor: judges from numbers at hand if a training is learning.
 *
 * Watches the exponential mean of the loss against its start and against the random baseline, such
 * as ln K, where every prototype is as good as any other; the size of the weights; the entropy of
 * prototype usage; the spread of embeddings, as their relative standard deviation and as effective
 * rank.
 */
import { plural, showValue } from '../core/text.ts';
import type { Failure, StepProgram } from '../methods/index.ts';
import { showBaseline, showLoss } from './lossText.ts';
import { deviation, effectiveRank, type Geometry, isNarrow, usageVitals } from './vitals.ts';
import type { Weights } from './weights.ts';

/** Words of a run in training, of a finished run, and of a failed run. */
export type Health =
  | 'warming up'
  | 'learning'
  | 'healthy'
  | 'unlearned'
  | 'too short'
  | 'too few images'
  | Failure;

export interface Verdict {
  health: Health;
  /** Sentence for a person. */
  message: string;
  /** Advice; empty where nothing needs doing. */
  remedy: string;
}

/** Outputs of one step. */
export interface Observation {
  step: number;
  loss: number;
  /** Mean code of each prototype over the batch, [K]; absent where a method has no prototypes. */
  usage?: Float32Array;
  /** Mean of the embeddings z, [D]. */
  embeddingMean: Float32Array;
  /** Mean of z zᵀ, [D, D]. */
  embeddingMoment: Float32Array;
  /** Fraction of images that find their other view in the batch, where it is measured. */
  agreement?: number | undefined;
  /** Weights after the step, at steps where they are read. */
  weights?: Weights | undefined;
}

export interface Vitals {
  /** Exponential mean of the loss. */
  loss: number;
  /** Entropy of prototype usage over ln K: 1 is equal use. Absent without prototypes. */
  usageEntropy?: number;
  /** Prototypes with less than a hundredth of an equal share. Absent without prototypes. */
  deadPrototypes?: number;
  /**
   * Relative standard deviation of the embeddings' coordinates: 1 fills their region, 0 is a point.
   */
  featureDeviation: number;
  /** Effective rank of the embeddings' covariance, 1 to D. Absent where it was left out. */
  effectiveRank?: number;
}

export interface VitalsOptions {
  /** Treatment of the effective rank, whose spectrum takes half a second for D = 512. */
  rank?: 'measured' | 'left out';
}

export interface DoctorOptions {
  /**
   * Loss of a network that tells nothing apart: ln of the number of choices (SwAV: ln K). Absent:
   * the loss says nothing about a collapse (BYOL, SimSiam), and only the spread of embeddings is
   * judged.
   */
  randomBaselineLoss?: number | undefined;
  /** Agreement of a guess. Absent: agreement is not judged. */
  agreementChance?: number | undefined;
  /** False where a healthy loss need not fall. Default: true. */
  isLossJudged?: boolean | undefined;
  /** Region that healthy embeddings fill. Default: `sphere`. */
  geometry?: Geometry | undefined;
  /** Norm of the weights before the first step. Default: their growth is not judged. */
  weightNorm?: number | undefined;
  /** Steps before any verdict but "diverged": a run may start at the random baseline. */
  grace: number;
  /** Steps for which a failure must last. */
  patience: number;
  /** Steps over which means are taken. */
  horizon?: number;
}

export interface DoctorState {
  loss: number;
  /** Exponential mean; empty without prototypes. */
  usage: Float32Array;
  seen: number;
  /** Loss of the first step; absent before it, and in checkpoints of earlier versions. */
  firstLoss?: number;
  /** Highest mean loss; absent in the first steps, and in checkpoints of earlier versions. */
  peakLoss?: number;
  /** Exponential mean of the agreement, where it is measured. */
  agreement?: number;
  /** Steps since which the loss has been at the random baseline. */
  flatFor: number;
  /** Steps since which embeddings have been narrow. */
  narrowFor: number;
  /** Steps since which the loss has been far above its start. */
  explodedFor: number;
}

/** Fraction of the random baseline from which a mean loss counts as flat. */
const FLAT = 0.995;
/** Fraction of the random baseline above which a mean loss has not come down to it yet. */
const ABOVE = 1.02;
/** Steps from which a mean is compared with others. */
const MIN_MEAN = 10;
/** Fraction by which a mean loss must fall from the random baseline and from its highest value. */
const MIN_GAIN = 0.03;
/** Agreement above that of a guess from which a run tells images apart. */
const MIN_AGREEMENT = 0.05;
/** Multiple of the larger of start, random baseline and 1 above which a loss has exploded. */
const MAX_LOSS = 100;
/** Steps for which a loss must stay exploded. */
const EXPLOSION_PATIENCE = 10;
/** Multiple of their first norm above which weights grow without bound. */
const MAX_GROWTH = 1000;

const advice: Readonly<Record<Failure, string>> = {
  diverged: 'lower the learning rate, or lengthen the warm-up',
  collapsed: 'lower the learning rate, or raise the batch size',
  narrow: 'lower the learning rate, raise the batch size, or use larger scales of crops',
};

/** Verdict that stops a run. */
export function failed(health: Failure, message: string): Verdict {
  return { health, message: `${health}: ${message}`, remedy: advice[health] };
}

/** Tells verdicts that stop a run. */
export function isFailed({ health }: Pick<Verdict, 'health'>): boolean {
  return health in advice;
}

/** Tells verdicts after which a state is good to restart from. */
export function isSound({ health }: Pick<Verdict, 'health'>): boolean {
  return !isFailed({ health }) && health !== 'warming up' && health !== 'unlearned';
}

export interface Doctor {
  /** Takes in a step; a verdict for it. */
  observe(observation: Observation): Verdict;
  /** Numbers for the event log, computed when asked. Default: with the effective rank. */
  vitals(options?: VitalsOptions): Vitals;
  state(): DoctorState;
}

/** The doctor of a step, in a run whose weights had a norm before the first. */
export function doctorOf(
  { randomBaselineLoss, agreementChance, geometry, isLossJudged }: StepProgram,
  { stepsPerEpoch, weightNorm }: { stepsPerEpoch: number; weightNorm: number },
  before?: DoctorState,
): Doctor {
  return createDoctor(
    {
      ...{ randomBaselineLoss, agreementChance, geometry, isLossJudged, weightNorm },
      ...{ grace: Math.max(50, stepsPerEpoch), patience: 200 },
    },
    before,
  );
}

export function createDoctor(options: DoctorOptions, before?: DoctorState): Doctor {
  const { randomBaselineLoss: baseline, geometry, horizon = 50 } = options;
  const state: DoctorState = {
    ...{ loss: 0, seen: 0, flatFor: 0, narrowFor: 0, explodedFor: 0 },
    ...before,
    usage: before?.usage.slice() ?? new Float32Array(0),
  };
  let last: Observation | undefined;

  function takeIn({ loss, usage, agreement, ...moments }: Observation): void {
    state.seen++;
    state.firstLoss ??= loss;
    // A plain mean at first, exponential once the horizon is filled.
    const weight = 1 / Math.min(state.seen, horizon);
    state.loss += (loss - state.loss) * weight;
    if (state.seen >= MIN_MEAN) state.peakLoss = Math.max(state.peakLoss ?? state.loss, state.loss);
    if (agreement !== undefined) {
      state.agreement ??= agreement;
      state.agreement += (agreement - state.agreement) * weight;
    }
    if (usage) {
      if (state.usage.length === 0) state.usage = new Float32Array(usage.length);
      for (let k = 0; k < usage.length; k++)
        state.usage[k]! += (usage[k]! - state.usage[k]!) * weight;
    }
    const isFlat =
      baseline !== undefined && state.loss > FLAT * baseline && state.loss < ABOVE * baseline;
    const isExploded = loss > MAX_LOSS * Math.max(1, baseline ?? 0, Math.abs(state.firstLoss));
    state.flatFor = state.seen > options.grace && isFlat ? state.flatFor + 1 : 0;
    state.narrowFor = isNarrow(moments, geometry) ? state.narrowFor + 1 : 0;
    state.explodedFor = isExploded ? state.explodedFor + 1 : 0;
  }
  return {
    observe(observation) {
      last = observation;
      if (Number.isFinite(observation.loss)) takeIn(observation);
      return verdictOf(observation, state, options);
    },
    vitals({ rank = 'measured' } = {}) {
      return {
        loss: state.loss,
        ...(state.usage.length > 0 && usageVitals(state.usage)),
        featureDeviation: last ? deviation(last, geometry) : 0,
        ...(rank === 'measured' && { effectiveRank: last ? effectiveRank(last) : 0 }),
      };
    },
    state: () => ({ ...state, usage: state.usage.slice() }),
  };
}

function verdictOf(observation: Observation, state: DoctorState, options: DoctorOptions): Verdict {
  const { randomBaselineLoss: baseline, grace, patience } = options;
  const { seen, flatFor, loss } = state;
  const divergence = divergenceOf(observation, state, options);
  if (divergence) return failed('diverged', divergence);
  const fine = (health: Health, message: string): Verdict => ({
    health,
    message: `${health}: ${message}`,
    remedy: '',
  });
  if (seen <= grace) {
    const named = baseline === undefined ? [] : [showBaseline(baseline)];
    return fine('warming up', [`loss ${showLoss(loss)}`, ...named].join(', '));
  }
  if (baseline !== undefined && flatFor >= patience) {
    const message =
      `the loss has stayed at ${showBaseline(baseline, 2)} for ${plural(flatFor, 'step')}, ` +
      'as if nothing could be told apart';
    return failed('collapsed', message);
  }
  const narrowFor = Math.min(state.narrowFor, seen - grace);
  if (narrowFor >= patience) {
    return failed(
      'narrow',
      `for ${plural(narrowFor, 'step')} nearly all embeddings have been at one point or on one line`,
    );
  }
  const stuck = nothingLearned(state, options);
  return stuck ? fine('warming up', stuck) : fine('learning', lossSentence(state, baseline));
}

/** Sentence on a loss or on weights that no longer are numbers of a training; else undefined. */
function divergenceOf(
  { step, loss, weights }: Observation,
  { explodedFor, firstLoss = 0 }: DoctorState,
  { weightNorm }: DoctorOptions,
): string | undefined {
  if (!Number.isFinite(loss)) return `the loss became ${loss} at step ${step}`;
  if (weights && !weights.isFinite) {
    return `weights or values of the optimizer became infinite or not a number by step ${step}`;
  }
  if (weights && weightNorm && weights.norm > MAX_GROWTH * weightNorm) {
    const times = showValue(weights.norm / weightNorm);
    return `the weights have grown to ${times} times their first size by step ${step}`;
  }
  if (explodedFor < EXPLOSION_PATIENCE) return undefined;
  return `the loss is ${showLoss(loss)} at step ${step}, after ${showLoss(firstLoss)} at the first`;
}

/** Sentence on a run that tells images no better apart than a guess; undefined where it does. */
export function nothingLearned(
  state: DoctorState,
  {
    randomBaselineLoss,
    agreementChance,
    isLossJudged = true,
  }: Pick<DoctorOptions, 'randomBaselineLoss' | 'agreementChance' | 'isLossJudged'>,
): string | undefined {
  const { agreement } = state;
  const unmoved = isLossJudged ? unmovedLoss(state, randomBaselineLoss) : undefined;
  if (agreement === undefined || agreementChance === undefined) return unmoved;
  if (agreement >= agreementChance + MIN_AGREEMENT) return unmoved;
  const percent = (fraction: number) => `${showValue(100 * fraction)} %`;
  return (
    `${percent(agreement)} of the images find their other view in the batch, ` +
    `where a guess finds ${percent(agreementChance)}`
  );
}

/**
 * Sentence on a mean loss that has hardly left the random baseline, or its own highest mean;
 * undefined where it has. An untrained network can be below the random baseline, and the loss of a
 * method with a queue first rises.
 */
function unmovedLoss(
  { loss, firstLoss = loss, peakLoss = firstLoss }: DoctorState,
  baseline: number | undefined,
): string | undefined {
  if (baseline !== undefined && loss > (1 - MIN_GAIN) * baseline) {
    const moved = loss > ABOVE * baseline ? 'is still above' : 'has hardly moved from';
    return `loss ${showLoss(loss)} ${moved} ${showBaseline(baseline)}`;
  }
  if (peakLoss - loss >= MIN_GAIN * Math.max(1, Math.abs(peakLoss))) return undefined;
  return `loss ${showLoss(loss)} has hardly moved from ${showLoss(peakLoss)}, its highest mean`;
}

/** Mean loss with the random baseline, such as `loss 2.890 of ln 256 = 5.545`. */
export function lossSentence({ loss }: DoctorState, baseline: number | undefined): string {
  return `loss ${showLoss(loss)}${baseline === undefined ? '' : ` of ${showBaseline(baseline)}`}`;
}
