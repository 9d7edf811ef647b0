/**
 * The end of the process on a signal: work that must not be cut off, and files to remove first.
 *
 * Every file is written under a temporary name and renamed, so a process may end at any moment
 * without damage. Training is different, because its state since the last checkpoint is in memory.
 */

/** Number of pieces of work that end by themselves. */
let unsaved = 0;
const cleanups = new Set<() => void>();

/**
 * Runs work whose result would be lost if the process ended during it. Such work watches its
 * signal, saves, and returns.
 */
export async function untilSaved<T>(work: () => Promise<T>): Promise<T> {
  unsaved++;
  try {
    return await work();
  } finally {
    unsaved--;
  }
}

/** True while work of {@link untilSaved} runs. */
export function isUnsaved(): boolean {
  return unsaved > 0;
}

/** Registers what has to be removed when the process ends early. Returns the opposite. */
export function onEarlyEnd(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/** Removes what was registered. A failure of one leaves the others. */
export function cleanUp(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // A file that stays is recognized and removed by a later run.
    }
  }
  cleanups.clear();
}
