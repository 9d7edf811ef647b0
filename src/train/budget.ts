/** How many steps a run has: known from the start, or set by the speed of its first steps where minutes are given. */
import type { Clock } from './clock.ts';

/** How long: whole epochs, or about so many minutes (steps are then set by the speed of the first ones). */
export type Budget = { epochs: number } | { minutes: number };

interface Limits {
  budget: Budget;
  maxSteps?: number;
}

/** Steps before the speed is trusted, and steps over which it is then measured, for a budget in minutes. */
const WARM_STEPS = 4;
const MEASURED_STEPS = 16;
/** Share of such a budget after which the speed is taken as it is. */
const MEASURED_SHARE = 0.1;

/** Steps of the schedule where they are known from the start. */
export function plannedSteps({ budget, maxSteps }: Limits, stepsPerEpoch: number): number | undefined {
  if ('minutes' in budget) return undefined;
  return Math.min(budget.epochs * stepsPerEpoch, maxSteps ?? Infinity);
}

/** Whether a budget in minutes can be turned into steps; slow steps must not eat the budget while they are timed. */
export function speedIsKnown({ budget, maxSteps }: Limits, step: number, clock: Clock): boolean {
  const minutes = 'minutes' in budget ? budget.minutes : 0;
  const timedLongEnough = clock.measured() >= 2 && clock.seconds() >= MEASURED_SHARE * minutes * 60;
  return clock.measured() >= WARM_STEPS + MEASURED_STEPS || timedLongEnough || step >= (maxSteps ?? Infinity);
}

/** Share of an epoch's training time that a phase is taken to cost before one has been timed. */
const PHASE_SHARE = 0.25;

/**
 * Steps of the whole run that fit into the minutes: those done, and as many as the time left allows at the speed so far,
 * with the phases between the epochs still to come.
 */
export function stepsInBudget(
  { budget, maxSteps }: Limits,
  step: number,
  clock: Clock,
  { stepsPerEpoch, isDue = () => false }: { stepsPerEpoch: number; isDue?(epoch: number): boolean },
): number {
  const minutes = 'minutes' in budget ? budget.minutes : 0;
  const perStep = clock.secondsPerStep(WARM_STEPS);
  const perPhase = clock.secondsPerPhase() ?? PHASE_SHARE * stepsPerEpoch * perStep;
  let left = minutes * 60 - clock.seconds();
  let total = step;
  for (let epoch = Math.floor(step / stepsPerEpoch); left > 0; epoch++) {
    if (epoch * stepsPerEpoch >= step && isDue(epoch)) left -= perPhase;
    const more = Math.min((epoch + 1) * stepsPerEpoch - total, Math.max(0, Math.floor(left / perStep)));
    if (more === 0) break;
    total += more;
    left -= more * perStep;
  }
  return Math.min(Math.max(total, step + 1), maxSteps ?? Infinity);
}
