/** Events of a training run as lines of events.jsonl. */
import { checkpointName, type EventLog } from '../run/index.ts';
import type { Verdict } from './doctor.ts';
import type { TrainEvent } from './events.ts';
import type { TrainResult } from './trainer.ts';

export interface EventWriter {
  write(event: TrainEvent): void;
  /** Writes the doctor's last verdict and the end of the session. */
  end(result: TrainResult): void;
}

/** Reasons of `run-ended` as scripts read them in events.jsonl. */
const reasons = { finished: 'completed', interrupted: 'interrupted', failed: 'unwell' } as const;

/** Writes the trainer's events to a run's log. `now` gives the time of day. */
export function createEventWriter(
  log: Pick<EventLog, 'append'>,
  { now = () => new Date() }: { now?: () => Date } = {},
): EventWriter {
  let epoch = 0;
  let said = '';
  const time = () => now().toISOString();
  function writeVerdict(step: number, { health, message, remedy }: Verdict): void {
    said = message;
    log.append({
      kind: 'doctor',
      step,
      epoch,
      verdict: health,
      message,
      ...(remedy !== '' && { remedy }),
    });
  }
  return {
    write(event) {
      switch (event.kind) {
        case 'schedule': {
          const { kind, step, totalSteps } = event;
          log.append({ kind, time: time(), step, epoch, totalSteps });
          return;
        }
        case 'step': {
          const { kind, totalSteps, waiting, health, facts, ...rest } = event;
          epoch = event.epoch;
          log.append({ kind, ...rest, ...facts, waiting });
          return;
        }
        case 'epoch': {
          const { kind, totalSteps, health, ...rest } = event;
          log.append({ kind, health, ...rest });
          return;
        }
        case 'stage': {
          const { kind, facts, ...rest } = event;
          log.append({ kind, ...rest, ...facts });
          return;
        }
        case 'phase': {
          const { kind, facts, ...rest } = event;
          log.append({ kind, ...rest, ...facts });
          return;
        }
        case 'doctor': {
          writeVerdict(event.step, event);
          return;
        }
        case 'checkpoint': {
          const { kind, step } = event;
          log.append({ kind, step, epoch, file: checkpointName(step) });
        }
      }
    },
    end({ outcome, training: { step }, verdict }) {
      // Repeats the last verdict with its latest figures, because its change may be long past.
      if (verdict.message !== '' && verdict.message !== said) writeVerdict(step, verdict);
      log.append({ kind: 'run-ended', time: time(), step, epoch, reason: reasons[outcome] });
    },
  };
}
