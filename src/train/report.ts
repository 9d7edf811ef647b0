/** Events of a training run as progress and notes for people. */
import type { Reporter } from '../core/reporter.ts';
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
          text: stepLine(event, stepsPerEpoch),
          done: event.step,
          total: event.totalSteps,
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

/**
 * Formats one step, such as `epoch 3/10  step 250/1,000  loss 4.321  510 images/s  2 min 5 s left
 * healthy`.
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
  stepsPerEpoch: number,
): string {
  const epochs = totalSteps === undefined ? '?' : showCount(Math.ceil(totalSteps / stepsPerEpoch));
  return [
    `epoch ${showCount(epoch + 1)}/${epochs}`,
    `step ${showCount(step)}${totalSteps === undefined ? '' : `/${showCount(totalSteps)}`}`,
    `loss ${loss.toFixed(3)}`,
    `${showCount(Math.round(imagesPerSecond))} images/s`,
    secondsLeft === undefined ? 'measuring speed' : `${showDuration(secondsLeft)} left`,
    health,
  ].join('  ');
}
