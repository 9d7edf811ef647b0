/** The worker thread behind a function that asks it and waits for its answer. */
import { Worker } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { workerUrl } from '../../core/workers.ts';
import type { Ask, Envelope, Reply, Request } from './protocol.ts';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

export interface WorkerThread {
  ask: Ask;
  /**
   * Refuses new requests and ends the thread after those on their way. Ended within a run, it would
   * take the process with it.
   */
  close(): Promise<void>;
}

/** Starts the thread. It does not keep the process alive while nobody waits for it. */
export function startWorker(threads: number): WorkerThread {
  const worker = new Worker(workerUrl(import.meta.url, './session.worker'), {
    workerData: { threads },
  });
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let ended: Error | undefined;
  let onIdle = () => {};
  const closed = () => new LikenessError('runtime.closed', 'the engine was closed');

  worker.on('message', (reply: Reply) => {
    const promise = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if (waiting.size === 0) {
      worker.unref();
      onIdle();
    }
    if ('error' in reply)
      promise.reject(new LikenessError('runtime.failed', `the engine refused: ${reply.error}`));
    else promise.resolve(reply.result);
  });
  const end = (error: Error) => {
    ended = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onIdle();
  };
  worker.on('error', (error) =>
    end(new LikenessError('runtime.failed', `the engine stopped: ${reasonOf(error)}`)),
  );
  worker.on('exit', () => end(closed()));
  worker.unref();

  function ask<T>(request: Request, transfer: ArrayBuffer[] = []): Promise<T> {
    if (ended) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
      worker.postMessage({ id, request } satisfies Envelope, transfer);
    });
  }

  async function close(): Promise<void> {
    ended ??= closed();
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
    }
    await worker.terminate();
  }
  return { ask, close };
}
