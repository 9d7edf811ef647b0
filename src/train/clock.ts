/** Speed of the last steps, and training time over all sessions. */
import type { Verdict } from './doctor.ts';

export interface Progress {
  totalSteps?: number;
  imagesPerSecond: number;
  /** Seconds of training so far and, by the speed so far, to come. */
  seconds: number;
  secondsLeft?: number;
  /** Fraction of the step time spent waiting for views. */
  waiting: number;
  health: Verdict['health'];
}

export interface Clock {
  /** Adds a step, with the part of its time spent waiting for views. */
  tick(milliseconds: number, waited: number): void;
  /** Adds a phase between epochs: counted in the budget, not in throughput. */
  phase(milliseconds: number): void;
  /**
   * Adds overhead, such as evaluation: counted in the total time, not in throughput or phase time.
   */
  addOverhead(milliseconds: number): void;
  /**
   * Mean of this session's phases, without the first where more followed; undefined before the
   * first.
   */
  secondsPerPhase(): number | undefined;
  /** Mean overhead, 0 before there was any. */
  secondsPerOverhead(): number;
  seconds(): number;
  /** Steps of this session. */
  measured(): number;
  secondsPerStep(skip: number): number;
  progress(step: number, totalSteps: number | undefined, health: Verdict['health']): Progress;
}

/** Milliseconds from a fixed moment, never falling. Tests give their own. */
export type Now = () => number;

export const monotonicNow: Now = () => performance.now();

/** Steps over which speed and waiting are measured. */
export const RECENT = 32;

/** Measures speed over the last steps, and time over all sessions. */
export function createClock(before: number, batchSize: number): Clock {
  const times: number[] = [];
  const waits: number[] = [];
  const phases: number[] = [];
  const overheads: number[] = [];
  let total = before;
  let count = 0;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const mean = (values: number[]) =>
    values.length === 0 ? undefined : sum(values) / values.length;
  const clock: Clock = {
    /** Adds a step, with the part of its time spent waiting for views. */
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
    addOverhead(milliseconds) {
      total += milliseconds / 1000;
      overheads.push(milliseconds / 1000);
    },
    // The first may fill what later ones find filled (DeepCluster-v2's banks).
    secondsPerPhase: () => mean(phases.slice(phases.length > 1 ? 1 : 0)),
    secondsPerOverhead: () => mean(overheads) ?? 0,
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
        totalSteps === undefined
          ? undefined
          : ((totalSteps - step) * sum(times)) / times.length / 1000,
      waiting: sum(waits) / sum(times),
      health,
    }),
  };
  return clock;
}
