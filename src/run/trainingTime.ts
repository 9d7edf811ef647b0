/**
 * Training time from the event log: steps and phases between epochs, without saving and measuring;
 * and the losses of an epoch that is not complete.
 */
import { readEvents } from './events.ts';

/**
 * Reads the seconds of training after each of these steps, over all sessions; 0 before the first
 * event.
 */
export async function trainingSeconds(
  eventsFile: string,
  steps: readonly number[],
): Promise<number[]> {
  const seconds = steps.map(() => 0);
  for await (const event of readEvents(eventsFile)) {
    if (event.kind !== 'step' || event.seconds === undefined) continue;
    for (const [i, step] of steps.entries()) {
      if (event.step <= step) seconds[i] = event.seconds;
    }
  }
  return seconds;
}

/** Reads the losses of the steps up to `step` that belong to an epoch without an end by then. */
export async function lossesOfOpenEpoch(eventsFile: string, step: number): Promise<number[]> {
  let losses: number[] = [];
  for await (const event of readEvents(eventsFile)) {
    if (event.step > step) continue;
    if (event.kind === 'epoch') losses = [];
    if (event.kind === 'step') losses.push((event.loss as number | null) ?? Number.NaN);
  }
  return losses;
}
