/** Learning-rate schedules: a number per step, fed to the graph as a scalar. */

export interface WarmupCosine {
  /** Rate at step 0, if there are warm-up steps. */
  start: number;
  /** Highest rate. */
  base: number;
  /** Rate that the cosine falls towards. */
  final: number;
  warmupSteps: number;
  totalSteps: number;
}

/**
 * Linear warm-up, then half a cosine, as SwAV's code has it.
 *
 * Warm-up is `linspace(start, base, warmupSteps)` with both ends; then `final + (base - final) (1 +
 * cos(pi t / T)) / 2` for t = 0 … T - 1, `T = totalSteps - warmupSteps`. So `base` occurs twice in
 * a row and `final` is never quite reached.
 */
export function warmupCosine(
  step: number,
  { start, base, final, warmupSteps, totalSteps }: WarmupCosine,
): number {
  if (step < warmupSteps) {
    return warmupSteps === 1 ? start : start + ((base - start) * step) / (warmupSteps - 1);
  }
  const T = Math.max(totalSteps - warmupSteps, 1);
  const t = Math.min(step - warmupSteps, T);
  return final + 0.5 * (base - final) * (1 + Math.cos((Math.PI * t) / T));
}
