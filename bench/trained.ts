/** Figures of a whole training run, from its events. */
import { RECENT } from '../src/train/clock.ts';

/** Fields of a line of `events.jsonl`. */
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
  /** Images per second of training, without compiling. */
  seconds: number;
  /** Fraction of the time of all steps spent waiting for views. */
  waiting: number;
  /** Times of the first step and of the end of the run, as `Date.now()`. */
  span: { from: number; to: number };
}

/** Computes the figures of a finished run of one session. */
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
 * Averages steps. Each event covers the last `RECENT` steps, and the first ones all so far, so
 * every `RECENT`th event from the end covers all steps.
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
