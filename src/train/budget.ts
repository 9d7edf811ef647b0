/**
 * Number of steps of a run: fixed by epochs, or set and revised by the measured speed for minutes.
 */
import type { Clock } from './clock.ts';

/**
 * Length of a training: whole epochs, or approximate minutes, from which the speed gives the steps.
 */
export type Budget = { epochs: number } | { minutes: number };

interface Limits {
  budget: Budget;
  maxSteps?: number;
}

interface Epochs {
  stepsPerEpoch: number;
  /** Tells epochs with a phase before their first step. */
  isDue?(epoch: number): boolean;
}

export interface StepPlan {
  /** Steps of the whole schedule; undefined while a budget in minutes is still being measured. */
  readonly totalSteps: number | undefined;
  /** Sets or revises the steps after one was taken; true where they changed. */
  revise(step: number): boolean;
}

/**
 * Steps before the speed is trusted, and steps over which it is then measured, for a budget in
 * minutes.
 */
const WARM_STEPS = 4;
const MEASURED_STEPS = 16;
/**
 * Fraction of the minutes after which the speed measured so far is used, so that slow steps cannot
 * eat them.
 */
const MEASURED_SHARE = 0.1;
/**
 * Fractions of the minutes at which the steps are planned again. The first steps are not
 * representative: caches are cold, a first phase may do work that later ones do not, and no epoch
 * has ended yet.
 */
const REVISIONS = [0.25, 0.5, 0.75];
/**
 * Epochs that are planned at most. The plan is made epoch by epoch, and nothing else is done
 * meanwhile.
 */
const MAX_EPOCHS = 1_000_000;
/** Cost of a phase before one has been timed, as a fraction of an epoch's training time. */
const PHASE_SHARE = 0.25;

/**
 * Plans the steps of a run.
 *
 * For epochs they are known from the start and never change. For minutes they are set once about 20
 * steps are timed, and set again after a quarter, a half and three quarters of the time. Schedules
 * over the whole run, such as a cosine learning rate, then shift by the error of the first guess.
 * `totalSteps` is that of a resumed run.
 */
export function createPlan(
  limits: Limits,
  epochs: Epochs,
  clock: Clock,
  totalSteps?: number,
): StepPlan {
  const { budget, maxSteps = Infinity } = limits;
  if ('epochs' in budget) {
    const steps = totalSteps ?? Math.min(budget.epochs * epochs.stepsPerEpoch, maxSteps);
    return { totalSteps: steps, revise: () => false };
  }
  const seconds = budget.minutes * 60;
  let planned = totalSteps;
  let revisions = REVISIONS.filter((share) => share * seconds > clock.seconds());
  const isTimed = () => clock.measured() >= WARM_STEPS + MEASURED_STEPS;
  return {
    get totalSteps() {
      return planned;
    },
    revise(step) {
      if (planned === undefined) {
        const isLate = clock.measured() >= 2 && clock.seconds() >= MEASURED_SHARE * seconds;
        if (!isTimed() && !isLate && step < maxSteps) return false;
      } else {
        const isReached =
          revisions.length > 0 && (clock.seconds() >= revisions[0]! * seconds || step >= planned);
        // A resumed run has timed neither steps nor phases of its own at first.
        const isKnown =
          clock.measured() > WARM_STEPS && (!epochs.isDue || clock.secondsPerPhase() !== undefined);
        if (!isReached || !isKnown) return false;
        revisions = revisions.filter((share) => share * seconds > clock.seconds());
      }
      const before = planned;
      planned = Math.min(stepsIn(seconds, step, clock, epochs), maxSteps);
      return planned !== before;
    },
  };
}

/**
 * Steps of the whole run that fit into the seconds: those done, and as many as the time left allows
 * at the speed so far, with the phases and the ends of epochs still to come.
 */
function stepsIn(
  seconds: number,
  step: number,
  clock: Clock,
  { stepsPerEpoch, isDue = () => false }: Epochs,
) {
  const perStep = clock.secondsPerStep(WARM_STEPS);
  const perPhase = clock.secondsPerPhase() ?? PHASE_SHARE * stepsPerEpoch * perStep;
  let left = seconds - clock.seconds();
  let total = step;
  const first = Math.floor(step / stepsPerEpoch);
  for (let epoch = first; left > 0 && epoch < first + MAX_EPOCHS; epoch++) {
    if (epoch * stepsPerEpoch >= step && isDue(epoch)) left -= perPhase;
    const more = Math.min(
      (epoch + 1) * stepsPerEpoch - total,
      Math.max(0, Math.floor(left / perStep)),
    );
    if (more === 0) break;
    total += more;
    left -= more * perStep + clock.secondsPerOverhead();
  }
  return Math.max(total, step + 1);
}
