/** Waits that end early with a signal. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, and rejects with the reason of the signal where it is aborted before. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}

/** Awaits work for some time; undefined after it. Rejects with the reason of the signal. */
export async function abortable<T>(
  ms: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const ended = new AbortController();
  const late = pause(ms, AbortSignal.any([signal, ended.signal])).then(() => undefined);
  late.catch(() => {}); // the work was first
  try {
    return await Promise.race([work(), late]);
  } finally {
    ended.abort();
  }
}
