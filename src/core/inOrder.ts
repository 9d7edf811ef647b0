/** Pieces of work in order, with some begun ahead of the one that is waited for. */

export interface InOrderOptions {
  /** Pieces that are on their way at once, 1 or more. */
  ahead: number;
  /** Stops before the next piece. */
  signal?: AbortSignal;
}

/**
 * The results of `work(0), work(1), …, work(total - 1)`, in order.
 *
 * Throws what a piece throws when its turn comes, or the signal's reason; by then nothing is on its way any more.
 */
export async function* inOrder<T>(
  total: number,
  work: (index: number) => Promise<T>,
  { ahead, signal }: InOrderOptions,
): AsyncGenerator<T> {
  const begun: Promise<T>[] = [];
  let next = 0;
  try {
    for (let i = 0; i < total; i++) {
      signal?.throwIfAborted();
      while (next < total && begun.length < ahead) {
        const started = work(next++);
        started.catch(() => {}); // looked at when its turn comes
        begun.push(started);
      }
      yield await begun.shift()!;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}
