/** The speed of the last steps, and the time over all sittings. */
import type { Verdict } from './doctor.ts';

export interface Progress {
  totalSteps?: number;
  imagesPerSecond: number;
  /** Seconds of training so far and, by the speed so far, to come. */
  seconds: number;
  secondsLeft?: number;
  /** Share of the step time spent waiting for views. */
  waiting: number;
  health: Verdict['health'];
}

export interface Clock {
  tick(milliseconds: number, waited: number): void;
  /** Time of a phase between epochs: part of the budget, not of the speed. */
  phase(milliseconds: number): void;
  /** Time of what is done beside the training: part of the whole, neither of the speed nor of the phases. */
  aside(milliseconds: number): void;
  /** Mean of the phases of this sitting, but for the first where more followed; undefined before the first. */
  secondsPerPhase(): number | undefined;
  /** Mean of what was done beside the training, 0 before there was any. */
  secondsPerAside(): number;
  seconds(): number;
  /** Steps of this sitting. */
  measured(): number;
  secondsPerStep(skip: number): number;
  progress(step: number, totalSteps: number | undefined, health: Verdict['health']): Progress;
}

/** Steps that speed and waiting are of. */
export const RECENT = 32;

/** Speed over the last steps, and time over all sittings. */
export function createClock(before: number, batchSize: number): Clock {
  const times: number[] = [];
  const waits: number[] = [];
  const phases: number[] = [];
  const asides: number[] = [];
  let total = before;
  let count = 0;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const mean = (values: number[]) => (values.length === 0 ? undefined : sum(values) / values.length);
  const clock: Clock = {
    tick(milliseconds, waited) {
      total += milliseconds / 1000;
      count++;
      times.push(milliseconds);
      waits.push(waited);
      if (times.length > RECENT) {
        times.shift();
        waits.shift();
      }
    },
    phase(milliseconds) {
      total += milliseconds / 1000;
      phases.push(milliseconds / 1000);
    },
    aside(milliseconds) {
      total += milliseconds / 1000;
      asides.push(milliseconds / 1000);
    },
    // The first may fill what later ones find filled (DeepCluster-v2's banks).
    secondsPerPhase: () => mean(phases.slice(phases.length > 1 ? 1 : 0)),
    secondsPerAside: () => mean(asides) ?? 0,
    seconds: () => total,
    measured: () => count,
    secondsPerStep(skip) {
      // The first steps fill caches and arenas and would count as slow ones.
      const recent = times.slice(count <= RECENT ? Math.min(skip, times.length - 1) : 0);
      return sum(recent) / recent.length / 1000;
    },
    progress: (step, totalSteps, health) => ({
      totalSteps,
      imagesPerSecond: (batchSize * times.length * 1000) / sum(times),
      seconds: total,
      secondsLeft:
        totalSteps === undefined ? undefined : ((totalSteps - step) * sum(times)) / times.length / 1000,
      waiting: sum(waits) / sum(times),
      health,
    }),
  };
  return clock;
}
