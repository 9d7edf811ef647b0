/** Pace at which progress is passed on to a page. */
import type { ProgressEvent } from '../core/reporter.ts';

/**
 * Passes on progress at most every `ms` milliseconds, and the first event of each stage at once, so
 * that a stage which reports nothing for long is named.
 */
export function paced(
  send: (event: ProgressEvent) => void,
  ms: number,
): (event: ProgressEvent) => void {
  let [sent, stage] = [Number.NEGATIVE_INFINITY, ''];
  return (event) => {
    const now = performance.now();
    if (event.stage === stage && now - sent < ms) return;
    [sent, stage] = [now, event.stage];
    send(event);
  };
}
