/** Events of a training run as progress and notes for people. */
import type { ProgressEvent, Reporter } from '../core/reporter.ts';
import { plural, showCount, showDuration } from '../core/text.ts';
import { type AnnounceOptions, createReachAnnouncement } from './announceReach.ts';
import type { TrainEvent } from './events.ts';

/** Returns a function that turns the trainer's events into progress and notes. */
export function createTrainReport(
  reporter: Reporter,
  { stepsPerEpoch, ...reach }: { stepsPerEpoch: number } & AnnounceOptions,
): (event: TrainEvent) => void {
  let epoch = 0;
  let isScheduled = false;
  const announce = createReachAnnouncement(reporter, reach);
  const note = (code: string, message: string) => reporter.note({ code, message });
  return (event) => {
    switch (event.kind) {
      case 'compiled':
        note(
          'train.compiled',
          `compiled the training step: ${showCount(event.nodes)} operators in ` +
            `${event.seconds.toFixed(1)} s`,
        );
        return;
      case 'schedule': {
        const { totalSteps } = event;
        const epochs = `${(totalSteps / stepsPerEpoch).toFixed(1)} epochs of ${plural(stepsPerEpoch, 'step')}`;
        const opening = isScheduled ? 'by the speed so far: ' : 'training for ';
        note('train.schedule', `${opening}${plural(totalSteps, 'step')} (${epochs})`);
        isScheduled = true;
        announce(totalSteps / stepsPerEpoch);
        return;
      }
      case 'step':
        epoch = event.epoch;
        reporter.progress({
          stage: 'train',
          text: stepLine(event, { stepsPerEpoch, minutes: reach.minutes }),
          ...doneOf(event, reach.minutes),
        });
        return;
      case 'stage':
        note('train.stage', `epoch ${showCount(event.epoch + 1)} begins stage "${event.stage}"`);
        return;
      case 'phase-progress':
        reporter.progress({
          stage: 'phase',
          text: `before epoch ${showCount(epoch + 1)}: ${event.what}`,
        });
    }
  };
}

/** Seconds of a budget in minutes, whose steps are an estimate that changes; else steps. */
function doneOf(
  { seconds, step, totalSteps }: TrainEvent & { kind: 'step' },
  minutes: number | undefined,
): Pick<ProgressEvent, 'done' | 'total'> {
  if (minutes === undefined) {
    return { done: step, ...(totalSteps !== undefined && { total: totalSteps }) };
  }
  const total = Math.round(60 * minutes);
  return { done: Math.min(total, Math.floor(seconds)), total };
}

/**
 * Formats one step, such as `epoch 3/10  step 250/1,000  loss 4.321  510 images/s  2 min 5 s left
 * healthy`. Of a budget in minutes the steps in all are not shown, because they are an estimate
 * that changes.
 */
function stepLine(
  {
    epoch,
    step,
    totalSteps,
    loss,
    imagesPerSecond,
    secondsLeft,
    health,
  }: TrainEvent & { kind: 'step' },
  { stepsPerEpoch, minutes }: { stepsPerEpoch: number; minutes: number | undefined },
): string {
  const isEstimated = minutes !== undefined || totalSteps === undefined;
  const all = (total: number) => (isEstimated ? '' : `/${showCount(total)}`);
  return [
    `epoch ${showCount(epoch + 1)}${all(Math.ceil((totalSteps ?? 0) / stepsPerEpoch))}`,
    `step ${showCount(step)}${all(totalSteps ?? 0)}`,
    `loss ${loss.toFixed(3)}`,
    `${showCount(Math.round(imagesPerSecond))} images/s`,
    secondsLeft === undefined ? 'measuring speed' : `${showDuration(secondsLeft)} left`,
    health,
  ].join('  ');
}
