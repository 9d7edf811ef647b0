/** Fractions of a schedule at which something is to be done. */

export interface Milestones {
  /** Tells that at least one further fraction is reached by this step. */
  reached(step: number, totalSteps: number | undefined): boolean;
}

/**
 * Watches fractions of the schedule, above 0 and below 1.
 *
 * Each fraction is reported once, although the schedule may be revised. Fractions that pass before
 * there is a schedule are reported with its first step. `from` and `totalAtStart` exclude those
 * that an earlier session has reported.
 */
export function createMilestones(
  fractions: readonly number[] = [],
  from = 0,
  totalAtStart?: number,
): Milestones {
  const stepOf = (fraction: number, totalSteps: number) =>
    Math.max(1, Math.round(fraction * totalSteps));
  let ahead = fractions.filter(
    (fraction) => totalAtStart === undefined || stepOf(fraction, totalAtStart) > from,
  );
  return {
    reached(step, totalSteps) {
      if (totalSteps === undefined) return false;
      const left = ahead.filter((fraction) => stepOf(fraction, totalSteps) > step);
      const some = left.length < ahead.length;
      ahead = left;
      return some;
    },
  };
}
