/** Work in a worker thread of its own, with progress and the wish to stop. */
import { parentPort, Worker } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { type ProgressEvent, type Reporter, reporterOf } from '../core/reporter.ts';

type Reply =
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface WorkerOptions {
  /**
   * The way in which the reporter's signal ends the work: by the end of the thread, or by the work
   * itself, which is asked to. A thread that ends while its engine runs takes the whole process with it. Default:
   * the thread.
   */
  endedBy?: 'thread' | 'work';
}

/** Message to a worker whose work shall end. */
const END = 'end';

/**
 * Runs the file of a worker, which calls {@link answerParent}, and ends it with the reporter's
 * signal.
 *
 * @param workerData input of the work, which is copied or shared
 * @throws LikenessError of the work, and the signal's reason
 */
export function inWorker<T>(
  url: URL,
  workerData: unknown,
  reporter: Reporter,
  { endedBy = 'thread' }: WorkerOptions = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal } = reporter;
    if (signal.aborted) return reject(signal.reason);
    const worker = new Worker(url, { workerData });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', stop);
      void worker.terminate();
      settle();
    };
    const stop = () => {
      if (endedBy === 'work') worker.postMessage(END);
      else end(() => reject(signal.reason));
    };
    signal.addEventListener('abort', stop);
    worker.on('message', (reply: Reply) => {
      if (reply.kind === 'progress') reporter.progress(reply.event);
      else if (reply.kind === 'done') end(() => resolve(reply.value as T));
      else if (signal.aborted) end(() => reject(signal.reason));
      else end(() => reject(new LikenessError(reply.code, reply.message)));
    });
    worker.on('error', (error) => end(() => reject(error)));
  });
}

/** Does the work of a worker thread and answers the thread that waits for it. */
export function answerParent(work: (reporter: Reporter) => Promise<unknown>): void {
  const port = parentPort!;
  const send = (reply: Reply) => port.postMessage(reply);
  const ending = new AbortController();
  port.on('message', (message) => {
    if (message === END) ending.abort(new LikenessError('interrupted', 'the work was ended'));
  });
  const reporter = reporterOf({
    onProgress: (event) => send({ kind: 'progress', event }),
    signal: ending.signal,
  });
  work(reporter).then(
    (value) => send({ kind: 'done', value }),
    (error: unknown) => {
      const code = error instanceof LikenessError ? error.code : 'internal';
      send({ kind: 'failed', code, message: reasonOf(error) });
    },
  );
}
