/** Events of a training run, as `train` reports them. */
import type { Values } from '../compile/index.ts';
import type { Progress } from './clock.ts';
import type { Verdict, Vitals } from './doctor.ts';

export type TrainEvent =
  | { kind: 'compiled'; seconds: number; nodes: number }
  | { kind: 'schedule'; step: number; totalSteps: number; stepsPerEpoch: number }
  | ({
      kind: 'step';
      step: number;
      epoch: number;
      loss: number;
      learningRate: number;
      /** Fraction of images whose two views agree, for methods that measure it. */
      agreement?: number;
      /** Further numbers that the method reports of a step. */
      facts: Record<string, number>;
    } & Progress)
  | ({ kind: 'epoch'; epoch: number; step: number; loss: number } & Vitals & Progress)
  | ({ kind: 'doctor'; step: number } & Verdict)
  | { kind: 'phase-progress'; what: string }
  | ({ kind: 'phase' } & WorkEvent)
  | ({ kind: 'stage'; stage: string } & WorkEvent)
  | { kind: 'checkpoint'; step: number };

/** Work of the method before an epoch. */
interface WorkEvent {
  epoch: number;
  step: number;
  /** Seconds. */
  duration: number;
  /** Numbers that the work reports. */
  facts: Record<string, number>;
}

/** End of an epoch or of the run. */
export interface EpochEnd {
  readonly epoch: number;
  readonly step: number;
  /** Marks the run's last step. */
  readonly last: boolean;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Copies parts of the state. */
  readState(names: readonly string[]): Promise<Values>;
}
