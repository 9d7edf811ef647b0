/** Judgment on a finished run: one word, its sentences with the numbers, and a remedy. */
import { plural } from '../core/text.ts';
import {
  type DoctorState,
  failed,
  type Health,
  isFailed,
  lossSentence,
  nothingLearned,
  type Verdict,
} from './doctor.ts';
import { showLoss } from './lossText.ts';
import { type ReachFacts, reachOf } from './reach.ts';

/** Facts that a run is judged by, beside its steps. */
export interface JudgedFacts extends Omit<ReachFacts, 'epochs'> {
  /** Change of a setting that is far from the recipe's, where the run has one. */
  readonly farSetting?: string | undefined;
}

export interface Ending extends JudgedFacts {
  /** The doctor's last verdict. */
  readonly verdict: Verdict;
  readonly doctor: DoctorState;
  readonly randomBaselineLoss?: number | undefined;
  /** Agreement of a guess. Absent: agreement is not judged. */
  readonly agreementChance?: number | undefined;
  /** False where a healthy loss need not fall. Default: true. */
  readonly isLossJudged?: boolean | undefined;
  /** Distance of the weights from their start, as a fraction of its norm; absent: not measured. */
  readonly weightChange?: number | undefined;
  readonly epochs: number;
  /** Seconds of training. */
  readonly seconds: number;
}

/** Fraction of their norm by which weights must have moved. */
const MIN_CHANGE = 1e-3;
/** Fraction of the random baseline below which the loss of a head tells images apart. */
const MAX_SETTLED = 0.5;
/** Steps of narrow embeddings at the end that count. */
const MIN_NARROW = 10;

/**
 * Judges a finished run.
 *
 * Words in the order of their weight: a failure; `unlearned` where the weights have not moved;
 * `too few images`; `unlearned` where the loss or the embeddings tell nothing apart; `too short`;
 * `healthy`. Sentences on epochs and images follow under each word.
 */
export function judge(ending: Ending): Verdict {
  const { verdict, doctor, randomBaselineLoss: baseline, weightChange } = ending;
  if (isFailed(verdict)) return verdict;
  if (doctor.explodedFor > 0) {
    const [now, first] = [showLoss(doctor.loss), showLoss(doctor.firstLoss ?? 0)];
    return failed(
      'diverged',
      `the mean loss is ${now} at the end, after ${first} at the first step`,
    );
  }
  const { images, epochs } = reachOf(ending);
  const say = (health: Health, first: string, ...more: string[]): Verdict => {
    const sentences = [first, ...more, images.sentence, epochs.sentence].filter(
      (text) => text !== '',
    );
    return {
      health,
      message: `${health}: ${[...new Set(sentences)].map(opening).join('. ')}`,
      remedy: remedyOf(health, ending),
    };
  };
  const isStill = weightChange !== undefined && weightChange < MIN_CHANGE;
  // A model is trained further by small steps from where it is.
  if (!isSettled(ending) && !ending.isFineTuned && isStill) {
    return say('unlearned', 'the weights have hardly moved from their start');
  }
  const loss = lossSentence(doctor, baseline);
  const unmoved =
    doctor.narrowFor >= MIN_NARROW
      ? 'nearly all embeddings are at one point or on one line'
      : isSettled(ending)
        ? undefined
        : nothingLearned(doctor, ending);
  if (images.grade === 'too few') return say('too few images', images.sentence, unmoved ?? loss);
  if (unmoved !== undefined) return say('unlearned', unmoved);
  if (epochs.grade === 'too few') return say('too short', epochs.sentence, loss);
  return say('healthy', loss);
}

/**
 * Tells if a head tells images apart from its start on, because it starts from clusters of their
 * features. Neither its weights nor its loss need to move then.
 */
function isSettled({ isHead, doctor, randomBaselineLoss: baseline }: Ending): boolean {
  const { loss = Infinity } = doctor;
  return isHead === true && baseline !== undefined && loss < MAX_SETTLED * baseline;
}

/** Begins a sentence that follows another with a capital. */
function opening(sentence: string, index: number): string {
  return index === 0 ? sentence : sentence[0]!.toUpperCase() + sentence.slice(1);
}

function remedyOf(health: Health, ending: Ending): string {
  const { farSetting, epochs, seconds, recipe } = ending;
  if (health === 'healthy') return '';
  if (farSetting) return farSetting;
  const made = recipe?.presetEpochs ?? 0;
  const minutes = Math.ceil((seconds * made) / Math.max(epochs, 1e-9) / 60);
  const longer =
    epochs < made
      ? `train longer, ${made} epochs take about ${plural(minutes, 'minute')} here`
      : 'train longer';
  switch (health) {
    case 'too few images':
      return 'use more images, or patch features, which need no training';
    case 'too short':
      return longer;
    default:
      return epochs < made ? longer : 'train longer, use more images, or change the learning rate';
  }
}
