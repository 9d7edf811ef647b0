/** How many steps a run has: known from the start, or set and revised by the speed of its steps where minutes are given. */
import type { Clock } from './clock.ts';

/** How long: whole epochs, or about so many minutes (steps are then set by the speed of the run). */
export type Budget = { epochs: number } | { minutes: number };

interface Limits {
  budget: Budget;
  maxSteps?: number;
}

interface Epochs {
  stepsPerEpoch: number;
  /** Whether a phase comes before an epoch's first step. */
  isDue?(epoch: number): boolean;
}

export interface StepPlan {
  /** Steps of the whole schedule; undefined while a budget in minutes is still being measured. */
  readonly totalSteps: number | undefined;
  /** Sets or revises the steps after one was taken; true where they changed. */
  revise(step: number): boolean;
}

/** Steps before the speed is trusted, and steps over which it is then measured, for a budget in minutes. */
const WARM_STEPS = 4;
const MEASURED_STEPS = 16;
/** Share of such a budget after which the speed is taken as it is: slow steps must not eat it while they are timed. */
const MEASURED_SHARE = 0.1;
/**
 * Shares of the minutes at which the steps are planned anew. The first steps tell little: caches are cold, a first phase
 * may do work that later ones do not, and no epoch has ended yet.
 */
const REVISIONS = [0.25, 0.5, 0.75];
/** Share of an epoch's training time that a phase is taken to cost before one has been timed. */
const PHASE_SHARE = 0.25;

/**
 * The steps of a run. For epochs they are known from the start and never change. For minutes they are set once some 20 steps are
 * timed, and set again when a quarter, a half and three quarters of the time are gone; schedules over the whole run
 * (a cosine's learning rate) then shift by as much as the first guess was wrong. `totalSteps`: those of a run that goes on.
 */
export function createPlan(limits: Limits, epochs: Epochs, clock: Clock, totalSteps?: number): StepPlan {
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
        // A run that goes on has timed neither steps nor phases of its own at first.
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
 * Steps of the whole run that fit into the seconds: those done, and as many as the time left allows at the speed so far,
 * with the phases and the ends of epochs still to come.
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
  for (let epoch = Math.floor(step / stepsPerEpoch); left > 0; epoch++) {
    if (epoch * stepsPerEpoch >= step && isDue(epoch)) left -= perPhase;
    const more = Math.min((epoch + 1) * stepsPerEpoch - total, Math.max(0, Math.floor(left / perStep)));
    if (more === 0) break;
    total += more;
    left -= more * perStep + clock.secondsPerOverhead();
  }
  return Math.max(total, step + 1);
}
