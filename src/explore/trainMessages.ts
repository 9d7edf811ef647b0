/** Messages between the server and the process of a training. */

import type { ChosenTraining } from './trainProtocol.ts';

/** Training that the process is asked for. */
export interface TrainTask {
  readonly source: string;
  readonly out: string;
  /** Run whose ways of reading the images are used. */
  readonly like?: string;
  /** Choices of a new training; absent to continue the run in `out`. */
  readonly chosen?: ChosenTraining;
}

export type ToTraining =
  | { readonly kind: 'train'; readonly task: TrainTask }
  /** Ends the training after its step, with everything saved. */
  | { readonly kind: 'stop' };

export type FromTraining =
  /** The program is loaded and takes a task. */
  | { readonly kind: 'ready' }
  /** The run has its first files. */
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'progress';
      readonly stage: string;
      readonly text: string;
      readonly done?: number;
      readonly total?: number;
    }
  | { readonly kind: 'ended'; readonly outcome: 'finished' | 'interrupted' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
