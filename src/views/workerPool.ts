/** Loader workers behind one function: a job goes to the least busy worker, and its result comes back as a promise. */
import { Worker } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { workerUrl } from '../core/workers.ts';
import type { Job, Reply, Request, WorkerSetup } from './jobs.ts';

type Batches = Uint8Array<ArrayBuffer>[];

export interface WorkerPool {
  /** Does a job; rejects with the worker's error, or with `views.closed` when the pool closes first. */
  run(job: Job): Promise<Batches>;
  /** Waits for a promise of `run` while keeping the process alive; unwaited jobs do not. */
  waitFor<T>(result: Promise<T>): Promise<T>;
  /** Ends every worker; unfinished jobs are rejected. Can be called more than once. */
  close(): Promise<void>;
}

interface Pending {
  readonly member: Member;
  readonly resolve: (batches: Batches) => void;
  readonly reject: (error: Error) => void;
}
interface Member {
  readonly worker: Worker;
  jobs: number;
}

/** Starts `workers` threads; each opens the pixel cache for itself. */
export function openWorkerPool({ setup, workers }: { setup: WorkerSetup; workers: number }): WorkerPool {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let waiting = 0;
  let failed: Error | undefined;

  /** Every unfinished and every later job ends with this error. */
  function fail(error: Error): void {
    failed ??= error;
    for (const { reject } of pending.values()) reject(failed);
    pending.clear();
  }
  function settle(reply: Reply): void {
    const job = pending.get(reply.id);
    if (job === undefined) return;
    pending.delete(reply.id);
    job.member.jobs--;
    if ('batches' in reply) job.resolve(reply.batches);
    else job.reject(errorOf(reply.failure));
  }
  function start(): Member {
    const worker = new Worker(workerUrl(import.meta.url, './loader.worker'), { workerData: setup });
    worker.on('message', settle);
    worker.on('error', (error) => fail(stopped(reasonOf(error))));
    worker.on('exit', (code) => fail(stopped(`it ended by itself with code ${code}`)));
    worker.unref();
    return { worker, jobs: 0 };
  }
  const members = Array.from({ length: workers }, start);

  return {
    run(job) {
      const result = new Promise<Batches>((resolve, reject) => {
        if (failed !== undefined) return reject(failed);
        const member = members.reduce((a, b) => (b.jobs < a.jobs ? b : a));
        const id = nextId++;
        pending.set(id, { member, resolve, reject });
        member.jobs++;
        member.worker.postMessage({ id, job } satisfies Request);
      });
      result.catch(() => {}); // prefetched and perhaps never waited for; whoever waits still gets the error
      return result;
    },
    async waitFor(result) {
      if (waiting++ === 0) for (const { worker } of members) worker.ref();
      try {
        return await result;
      } finally {
        if (--waiting === 0) for (const { worker } of members) worker.unref();
      }
    },
    async close() {
      fail(new LikenessError('views.closed', 'The loader was closed while batches were still being made.'));
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function stopped(reason: string): LikenessError {
  return new LikenessError(
    'views.worker',
    `A loader worker stopped: ${reason}. If memory ran out, use a smaller batchSize or fewer workers.`,
  );
}

/** An error for people stays one; anything else is a defect and keeps the worker's trace. */
function errorOf({ code, message }: { code?: string; message: string }): Error {
  return code === undefined
    ? new Error(`A loader worker failed: ${message}`)
    : new LikenessError(code, message);
}
