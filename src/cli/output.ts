/** The end of output that nobody reads any more, as after `likeness train --help | head -4`. */

/**
 * Watches streams for the end of their reader (EPIPE), which would otherwise be an uncaught error.
 *
 * @returns a signal that is aborted then; further output is dropped
 */
export function watchOutput(streams: readonly NodeJS.WritableStream[]): AbortSignal {
  const closed = new AbortController();
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO is the error of a terminal that has gone.
      const isClosed = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '');
      if (!isClosed) throw error;
      closed.abort();
    });
  }
  return closed.signal;
}
