/** What a training run shows: the progress line for people, and events.jsonl for everything else. */
import type { Settings } from '../methods/index.ts';
import { checkpointName, type EventLog } from '../run/index.ts';
import type { TrainEvent, TrainResult } from '../train/index.ts';
import { showCount, showDuration, type Terminal } from './terminal.ts';

export interface ReporterOptions {
  terminal: Terminal;
  events: EventLog;
  settings: Settings;
  stepsPerEpoch: number;
}

export interface Reporter {
  event(event: TrainEvent): void;
  ended(result: TrainResult): void;
}

/** Turns the trainer's events into the progress line and lines of the event log. */
export function createReporter({ terminal, events, stepsPerEpoch }: ReporterOptions): Reporter {
  let epoch = 0;
  let step = 0;
  let isScheduled = false;
  const now = () => new Date().toISOString();
  const epochsOf = (total?: number) =>
    total === undefined ? '?' : showCount(Math.ceil(total / stepsPerEpoch));

  function event(event: TrainEvent): void {
    switch (event.kind) {
      case 'compiled':
        terminal.say(
          `compiled the training step: ${showCount(event.nodes)} operators in ${event.seconds.toFixed(1)} s`,
        );
        return;
      case 'schedule':
        terminal.say(
          `${isScheduled ? 'by the speed so far: ' : 'training for '}${showCount(event.totalSteps)} steps (${(event.totalSteps / stepsPerEpoch).toFixed(1)} epochs of ${showCount(stepsPerEpoch)})`,
        );
        isScheduled = true;
        events.append({
          kind: 'schedule',
          time: now(),
          step: event.step,
          epoch,
          totalSteps: event.totalSteps,
        });
        return;
      case 'step': {
        const { kind, totalSteps, waiting, health, facts, ...rest } = event;
        ({ epoch, step } = event);
        events.append({ kind: 'step', ...rest, ...facts, waiting });
        terminal.progress(
          [
            `epoch ${showCount(epoch + 1)}/${epochsOf(totalSteps)}`,
            `step ${showCount(step)}${totalSteps === undefined ? '' : `/${showCount(totalSteps)}`}`,
            `loss ${event.loss.toFixed(3)}`,
            `${showCount(Math.round(event.imagesPerSecond))} images/s`,
            event.secondsLeft === undefined ? 'measuring speed' : `${showDuration(event.secondsLeft)} left`,
            health,
          ].join('  '),
        );
        return;
      }
      case 'epoch': {
        const { kind, totalSteps, health, ...rest } = event;
        events.append({ kind: 'epoch', health, ...rest });
        return;
      }
      case 'phase-progress':
        terminal.progress(`before epoch ${showCount(epoch + 1)}: ${event.what}`);
        return;
      case 'phase': {
        const { kind, facts, ...rest } = event;
        events.append({ kind: 'phase', ...rest, ...facts });
        return;
      }
      case 'doctor':
        events.append({
          kind: 'doctor',
          step: event.step,
          epoch,
          verdict: event.health,
          message: event.message,
        });
        return;
      case 'checkpoint':
        events.append({ kind: 'checkpoint', step: event.step, epoch, file: checkpointName(event.step) });
    }
  }
  return {
    event,
    ended(result) {
      const { step } = result.standing;
      const { health, message } = result.verdict;
      // The last word, with the last figures: the change to it may be long past.
      if (message !== '') events.append({ kind: 'doctor', step, epoch, verdict: health, message });
      const reason = result.outcome === 'finished' ? 'completed' : result.outcome;
      events.append({ kind: 'run-ended', time: now(), step: result.standing.step, epoch, reason });
    },
  };
}
