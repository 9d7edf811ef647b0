/**
 * Training time from the event log: steps and phases between epochs, without saving and measuring.
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
