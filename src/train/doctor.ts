/**
 * The run doctor: watches what a clustering-based run computes anyway, and says in plain words when
 * it is ill.
 *
 * What it looks at: NaN or infinity in the loss; the loss against that of chance, such as ln K (a
 * loss that stays there has learned nothing: every prototype is as good as any other); the entropy
 * of prototype usage; the spread of embeddings on the sphere, as their standard deviation relative
 * to 1/sqrt(D) and as effective rank.
 */
import { spectrum } from '../cluster/index.ts';
import type { Failure } from '../methods/index.ts';

export type Health = 'warming up' | 'healthy' | Failure;

export interface Verdict {
  health: Health;
  /** One sentence for a person. */
  message: string;
  /** What to do about it; empty where nothing needs doing. */
  remedy: string;
}

/** What one step shows. */
export interface Observation {
  step: number;
  loss: number;
  /** Mean code of each prototype over the batch, [K]; absent where a method has no prototypes. */
  usage?: Float32Array;
  /** Mean of the embeddings z, [D], and of z zᵀ, [D, D]. */
  embeddingMean: Float32Array;
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
   * Mean standard deviation of an embedding's coordinates times sqrt(D): 1 is spread over the
   * sphere, 0 a point.
   */
  featureDeviation: number;
  /**
   * Exponential of the entropy of the covariance's normalised eigenvalues (Roy and Vetterli 2007):
   * 1 … D.
   */
  effectiveRank: number;
}

export interface DoctorOptions {
  /**
   * Loss of a network that tells nothing apart: ln of the number of choices (SwAV: ln K). Absent:
   * the loss says nothing about collapse (BYOL, SimSiam), and only the spread of embeddings is
   * judged.
   */
  chanceLoss?: number;
  /** Steps before any verdict but "diverged": a run may start at ln K. */
  grace: number;
  /** Steps for which a trouble must last. */
  patience: number;
  /** Steps over which means are taken. */
  horizon?: number;
}

export interface DoctorState {
  loss: number;
  /** Exponential mean; empty without prototypes. */
  usage: Float32Array;
  seen: number;
  /** Steps since which the run has been at ln K, and since which embeddings have been narrow. */
  flatFor: number;
  narrowFor: number;
}

/**
 * The mean loss counts as ln K between these shares of it; a run above them has not come down to ln
 * K yet.
 */
const FLAT = 0.995;
const ABOVE = 1.02;
/** Embeddings with less than this relative deviation are a point, for practical purposes. */
const NARROW_DEVIATION = 0.1;
/** Embeddings of a smaller effective rank lie on a line, for practical purposes. */
const NARROW_RANK = 1.5;

export interface Doctor {
  /** Takes in a step; a verdict for it. */
  observe(observation: Observation): Verdict;
  /** Numbers for the event log; computed when asked, the spectrum costs milliseconds. */
  vitals(): Vitals;
  state(): DoctorState;
}

export function createDoctor(
  { chanceLoss, grace, patience, horizon = 50 }: DoctorOptions,
  before?: DoctorState,
): Doctor {
  const state: DoctorState = before
    ? { ...before, usage: before.usage.slice() }
    : { loss: 0, usage: new Float32Array(0), seen: 0, flatFor: 0, narrowFor: 0 };
  let last: Observation | undefined;
  /** "of ln 512 = 6.238", where there is such a loss. */
  const chance = chanceLoss === undefined ? '' : `ln ${Math.round(Math.exp(chanceLoss))} = `;

  function verdictOf(step: number, loss: number): Verdict {
    if (!Number.isFinite(loss)) {
      return {
        health: 'diverged',
        message: `diverged: the loss became ${loss} at step ${step}`,
        remedy:
          'halve the learning rate (--set learningRate=…), or lengthen the warm-up (--set ' +
          'warmupEpochs=…)',
      };
    }
    if (state.seen <= grace) {
      return {
        health: 'warming up',
        message: `warming up: loss ${loss.toFixed(3)}${chanceLoss === undefined ? '' : `, ${chance}${chanceLoss.toFixed(3)}`}`,
        remedy: '',
      };
    }
    if (chanceLoss !== undefined && state.flatFor >= patience) {
      return {
        health: 'collapsed',
        message:
          `collapsed: the loss has stayed at ${chance}${chanceLoss.toFixed(2)} for ` +
          `${state.flatFor} steps, as if nothing could be told apart`,
        remedy:
          'sharpen the codes (--set epsilon=0.03), freeze prototypes for the first epoch, ' +
          'or lower the learning rate',
      };
    }
    if (state.narrowFor >= patience) {
      return {
        health: 'narrow',
        message:
          `narrow: for ${state.narrowFor} steps nearly all embeddings have been at one point ` +
          'or on one line',
        remedy:
          'lower the learning rate, raise the batch size, or use softer crops (--set ' + 'scales=0.3-1)',
      };
    }
    if (chanceLoss !== undefined && state.loss > ABOVE * chanceLoss) {
      return {
        health: 'warming up',
        message:
          `warming up: loss ${state.loss.toFixed(3)} is still above ` + `${chance}${chanceLoss.toFixed(3)}`,
        remedy: '',
      };
    }
    return {
      health: 'healthy',
      message: `healthy: loss ${state.loss.toFixed(3)}${chanceLoss === undefined ? '' : ` of ${chance}${chanceLoss.toFixed(3)}`}`,
      remedy: '',
    };
  }

  return {
    observe(observation) {
      last = observation;
      const { loss, usage, step } = observation;
      if (Number.isFinite(loss)) {
        state.seen++;
        // A plain mean at first, exponential once the horizon is filled.
        const weight = 1 / Math.min(state.seen, horizon);
        state.loss += (loss - state.loss) * weight;
        if (usage) {
          if (state.usage.length === 0) state.usage = new Float32Array(usage.length);
          for (let k = 0; k < usage.length; k++) state.usage[k]! += (usage[k]! - state.usage[k]!) * weight;
        }
        const isFlat =
          chanceLoss !== undefined && state.loss > FLAT * chanceLoss && state.loss < ABOVE * chanceLoss;
        state.flatFor = state.seen > grace && isFlat ? state.flatFor + 1 : 0;
        state.narrowFor = state.seen > grace && isNarrow(observation) ? state.narrowFor + 1 : 0;
      }
      return verdictOf(step, loss);
    },
    vitals() {
      return {
        loss: state.loss,
        ...(state.usage.length > 0 && usageVitals(state.usage)),
        featureDeviation: last ? deviation(last) : 0,
        effectiveRank: last ? effectiveRank(last) : 0,
      };
    },
    state: () => ({ ...state, usage: state.usage.slice() }),
  };
}

function usageVitals(usage: Float32Array): { usageEntropy: number; deadPrototypes: number } {
  const K = usage.length;
  const total = usage.reduce((a, b) => a + b, 0) || 1;
  let entropy = 0;
  let deadPrototypes = 0;
  for (const value of usage) {
    const p = value / total;
    if (p > 0) entropy -= p * Math.log(p);
    if (p < 0.01 / K) deadPrototypes++;
  }
  return { usageEntropy: entropy / Math.log(K), deadPrototypes };
}

/** `sqrt(D)` times the mean over coordinates of the standard deviation. */
function deviation({ embeddingMean: mean, embeddingMoment: moment }: Observation): number {
  const D = mean.length;
  let total = 0;
  for (let d = 0; d < D; d++) total += Math.sqrt(Math.max(0, moment[d * D + d]! - mean[d]! ** 2));
  return (total / D) * Math.sqrt(D);
}

/** Covariance of the embeddings, [D, D]. */
function covarianceOf({ embeddingMean: mean, embeddingMoment: moment }: Observation): Float64Array {
  const D = mean.length;
  return Float64Array.from(moment, (value, at) => value - mean[Math.floor(at / D)]! * mean[at % D]!);
}

function effectiveRank(observation: Observation): number {
  const matrix = covarianceOf(observation);
  if (!matrix.every(Number.isFinite)) return Number.NaN;
  const { embeddingMean: mean } = observation;
  const { values } = spectrum({ means: Float64Array.from(mean), matrix, dimension: mean.length });
  const total = values.reduce((a, b) => a + b, 0);
  if (total <= 0) return 1;
  return Math.exp(
    -values.reduce((sum, value) => (value > 0 ? sum + (value / total) * Math.log(value / total) : sum), 0),
  );
}

/** Whether embeddings are at one point or on one line. */
function isNarrow(observation: Observation): boolean {
  if (deviation(observation) < NARROW_DEVIATION) return true;
  // `(sum of eigenvalues)^2 / (sum of their squares)` is never above the effective rank, and needs no spectrum: only
  // where it is small is the spectrum worth its milliseconds.
  const matrix = covarianceOf(observation);
  const D = observation.embeddingMean.length;
  let trace = 0;
  for (let d = 0; d < D; d++) trace += matrix[d * D + d]!;
  const squares = matrix.reduce((sum, value) => sum + value * value, 0);
  return trace ** 2 < NARROW_RANK * squares && effectiveRank(observation) < NARROW_RANK;
}
