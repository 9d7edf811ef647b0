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
 * Throws what a piece throws when its turn comes, or the signal's reason. By then no piece is being
 * worked on.
 */
export function inOrder<T>(
  total: number,
  work: (index: number) => Promise<T>,
  options: InOrderOptions,
): AsyncGenerator<T> {
  return inOrderOf(upTo(total), work, options);
}

function* upTo(total: number): Generator<number> {
  for (let i = 0; i < total; i++) yield i;
}

/** `inOrder` for items that are made on demand, the next one while earlier ones are worked on. */
export async function* inOrderOf<Item, T>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<T>,
  { ahead, signal }: InOrderOptions,
): AsyncGenerator<T> {
  const coming = items[Symbol.iterator]();
  const begun: Promise<T>[] = [];
  const begin = () => {
    const { done, value } = coming.next();
    if (done) return false;
    const started = work(value);
    started.catch(() => {}); // looked at when its turn comes
    begun.push(started);
    return true;
  };
  try {
    while (true) {
      signal?.throwIfAborted();
      while (begun.length < ahead && begin());
      const next = begun.shift();
      if (!next) return;
      yield await next;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}
