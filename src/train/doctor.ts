/**
 * The run doctor: watches the outputs of training steps and names a failed run in plain words.
 *
 * Signs: NaN or infinity in the loss; a loss that stays at the random baseline, such as ln K, where
 * every prototype is as good as any other; the entropy of prototype usage; the spread of
 * embeddings, as their relative standard deviation and as effective rank.
 */
import type { Failure } from '../methods/index.ts';
import { deviation, effectiveRank, type Geometry, isNarrow, usageVitals } from './vitals.ts';

export type Health = 'warming up' | 'healthy' | Failure;

export interface Verdict {
  health: Health;
  /** Sentence for a person. */
  message: string;
  /** Advice that holds for every method; empty where nothing needs doing. */
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
  /** Effective rank of the embeddings' covariance, 1 to D. */
  effectiveRank: number;
}

export interface DoctorOptions {
  /**
   * Loss of a network that tells nothing apart: ln of the number of choices (SwAV: ln K). Absent:
   * the loss says nothing about a collapse (BYOL, SimSiam), and only the spread of embeddings is
   * judged.
   */
  randomBaselineLoss?: number | undefined;
  /** Region that healthy embeddings fill. Default: `sphere`. */
  geometry?: Geometry | undefined;
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
  /** Steps since which the loss has been at the random baseline. */
  flatFor: number;
  /** Steps since which embeddings have been narrow. */
  narrowFor: number;
}

/** Fraction of the random baseline from which a mean loss counts as flat. */
const FLAT = 0.995;
/** Fraction of the random baseline above which a mean loss has not come down to it yet. */
const ABOVE = 1.02;

const advice: Readonly<Record<Failure, string>> = {
  diverged: 'lower the learning rate, or lengthen the warm-up',
  collapsed: 'lower the learning rate, or raise the batch size',
  narrow: 'lower the learning rate, raise the batch size, or use larger scales of crops',
};

export interface Doctor {
  /** Takes in a step; a verdict for it. */
  observe(observation: Observation): Verdict;
  /** Numbers for the event log; computed when asked, the spectrum costs milliseconds. */
  vitals(): Vitals;
  state(): DoctorState;
}

export function createDoctor(options: DoctorOptions, before?: DoctorState): Doctor {
  const { randomBaselineLoss: baseline, geometry, grace, horizon = 50 } = options;
  const state: DoctorState = before
    ? { ...before, usage: before.usage.slice() }
    : { loss: 0, usage: new Float32Array(0), seen: 0, flatFor: 0, narrowFor: 0 };
  let last: Observation | undefined;

  function takeIn({ loss, usage, ...moments }: Observation): void {
    state.seen++;
    // A plain mean at first, exponential once the horizon is filled.
    const weight = 1 / Math.min(state.seen, horizon);
    state.loss += (loss - state.loss) * weight;
    if (usage) {
      if (state.usage.length === 0) state.usage = new Float32Array(usage.length);
      for (let k = 0; k < usage.length; k++) state.usage[k]! += (usage[k]! - state.usage[k]!) * weight;
    }
    const isWatched = state.seen > grace;
    const isFlat = baseline !== undefined && state.loss > FLAT * baseline && state.loss < ABOVE * baseline;
    state.flatFor = isWatched && isFlat ? state.flatFor + 1 : 0;
    state.narrowFor = isWatched && isNarrow(moments, geometry) ? state.narrowFor + 1 : 0;
  }
  return {
    observe(observation) {
      last = observation;
      if (Number.isFinite(observation.loss)) takeIn(observation);
      return verdictOf(observation, state, options);
    },
    vitals() {
      return {
        loss: state.loss,
        ...(state.usage.length > 0 && usageVitals(state.usage)),
        featureDeviation: last ? deviation(last, geometry) : 0,
        effectiveRank: last ? effectiveRank(last) : 0,
      };
    },
    state: () => ({ ...state, usage: state.usage.slice() }),
  };
}

function verdictOf(
  { step, loss }: Observation,
  { seen, flatFor, narrowFor, loss: mean }: DoctorState,
  { randomBaselineLoss: baseline, grace, patience }: DoctorOptions,
): Verdict {
  const failed = (health: Failure, message: string): Verdict => ({
    health,
    message: `${health}: ${message}`,
    remedy: advice[health],
  });
  const fine = (health: 'warming up' | 'healthy', message: string): Verdict => ({
    health,
    message: `${health}: ${message}`,
    remedy: '',
  });
  /** For example "ln 512 = 6.238". */
  const named = (digits: number) =>
    baseline === undefined ? '' : `ln ${Math.round(Math.exp(baseline))} = ${baseline.toFixed(digits)}`;

  if (!Number.isFinite(loss)) return failed('diverged', `the loss became ${loss} at step ${step}`);
  if (seen <= grace) {
    return fine('warming up', [`loss ${loss.toFixed(3)}`, ...(baseline ? [named(3)] : [])].join(', '));
  }
  if (baseline !== undefined && flatFor >= patience) {
    return failed(
      'collapsed',
      `the loss has stayed at ${named(2)} for ${flatFor} steps, as if nothing could be told apart`,
    );
  }
  if (narrowFor >= patience) {
    return failed(
      'narrow',
      `for ${narrowFor} steps nearly all embeddings have been at one point or on one line`,
    );
  }
  if (baseline !== undefined && mean > ABOVE * baseline) {
    return fine('warming up', `loss ${mean.toFixed(3)} is still above ${named(3)}`);
  }
  return fine('healthy', [`loss ${mean.toFixed(3)}`, ...(baseline ? [named(3)] : [])].join(' of '));
}
