/** Computing the map of all images in a worker thread. */
import { Worker } from 'node:worker_threads';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { workerUrl } from '../core/workers.ts';

export interface LayoutRequest {
  /** File of the embeddings. */
  readonly file: string;
  /** Threads of the runtime. */
  readonly threads: number;
}

export type LayoutReply =
  | {
      readonly kind: 'progress';
      readonly text: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: 'done'; readonly places: Float32Array }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/**
 * Lays out all images, [N, 2] in -1 to 1. The worker ends with the reporter's signal.
 *
 * @throws LikenessError `safetensors.*`, `embeddings.malformed`, and the signal's reason
 */
export function computeLayout(request: LayoutRequest, reporter: Reporter): Promise<Float32Array> {
  return new Promise((resolve, reject) => {
    const { signal } = reporter;
    const worker = new Worker(workerUrl(import.meta.url, './layout.worker'), {
      workerData: request,
    });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', stop);
      void worker.terminate();
      settle();
    };
    const stop = () => end(() => reject(signal.reason));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    worker.on('message', (reply: LayoutReply) => {
      if (reply.kind === 'progress') {
        const { text, done, total } = reply;
        reporter.progress({ stage: 'layout', text, done, total });
      } else if (reply.kind === 'done') end(() => resolve(reply.places));
      else end(() => reject(new LikenessError(reply.code, reply.message)));
    });
    worker.on('error', (error) => end(() => reject(error)));
  });
}
