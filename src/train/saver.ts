/** Saving a training state beside the training, one save at a time. */
import { monotonicNow, type Now } from './clock.ts';
import type { TrainingState } from './trainingState.ts';

export interface Saver {
  /** Starts a save once the one before has ended; its failure is thrown by `check`. */
  start(training: TrainingState): Promise<void>;
  /** Milliseconds since the last save was started. */
  age(): number;
  /** Throws the failure of an earlier save. */
  check(): void;
  /** Waits for the save in progress. */
  settled(): Promise<void>;
}

/** Saves with `save` and calls `onSaved` with the step of every state that was stored. */
export function createSaver(
  save: (training: TrainingState) => Promise<void>,
  onSaved: (step: number) => void,
  now: Now = monotonicNow,
): Saver {
  let saving: Promise<void> = Promise.resolve();
  let last = now();
  let failure: unknown;
  return {
    async start(training) {
      await saving;
      last = now();
      saving = save(training)
        .then(() => onSaved(training.step))
        .catch((error) => {
          failure ??= error;
        });
    },
    age: () => now() - last,
    check() {
      if (failure) throw failure;
    },
    settled: () => saving,
  };
}
