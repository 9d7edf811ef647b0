import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's own function, with its options. */
type Collect = (options: { type: string; execution: string; flavor: string }) => void;

/**
 * Collects this thread's garbage now, where nothing waits for it. What was built before a long loop is else collected in the middle of it,
 * in one pause that grows with the heap: some 70 ms after a folder of 50,000 images was listed, decoded and compiled for.
 * From then on the process collects only when memory is asked for, not because seconds have passed.
 *
 * Does nothing where the function of V8 cannot be had.
 */
export function collectGarbage(): void {
  try {
    const given = (globalThis as { gc?: Collect }).gc;
    if (!given) setFlagsFromString('--expose-gc');
    const collect = given ?? (runInNewContext('gc') as Collect);
    // V8 plans up to two more of its own a few seconds after a collection, to give memory back: here all of it was given back.
    setFlagsFromString('--memory-reducer-gc-count=0');
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  } catch {
    // Without it the loop has its pause; nothing else changes.
  }
}
