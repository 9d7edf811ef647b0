/** Figures over a whole training run, from its events. */
import { RECENT } from '../src/train/clock.ts';

/** A line of `events.jsonl`, with what is read of it. */
export interface RunLine {
  readonly kind: string;
  readonly step: number;
  readonly time?: string;
  readonly seconds?: number;
  readonly imagesPerSecond?: number;
  readonly waiting?: number;
}

export interface Trained {
  steps: number;
  /** Of training, compiling not counted. */
  seconds: number;
  /** Share of the time of all steps that they waited for views. */
  waiting: number;
  /**
   * When the first step began and when the run ended, in milliseconds as `Date.now()` tells them.
   */
  span: { from: number; to: number };
}

/** The figures of a run in one sitting that has ended. */
export function trainedIn(events: readonly RunLine[]): Trained {
  const steps = events.filter(({ kind }) => kind === 'step');
  const last = steps.at(-1)!;
  const at = (kind: string) => Date.parse(events.find((event) => event.kind === kind)!.time!);
  return {
    ...{ steps: last.step, seconds: last.seconds!, waiting: waitingOf(steps) },
    span: { from: at('schedule'), to: at('run-ended') },
  };
}

/**
 * Each step tells of the last `RECENT`, the first ones of all so far: every `RECENT`th, counted
 * from the end, tells of all.
 */
function waitingOf(steps: readonly RunLine[]): number {
  let [whole, waited] = [0, 0];
  steps.toReversed().forEach(({ step, imagesPerSecond, waiting }, i) => {
    if (i % RECENT !== 0) return;
    const time = Math.min(step, RECENT) / imagesPerSecond!;
    whole += time;
    waited += waiting! * time;
  });
  return waited / whole;
}
