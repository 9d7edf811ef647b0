/** Pool of loader workers: sends each job to the least busy worker and returns a promise. */
import { Worker } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { workerUrl } from '../core/workers.ts';
import type { Job, Reply, Request, WorkerSetup } from './jobs.ts';

type Batches = Uint8Array<ArrayBuffer>[];

export interface WorkerPool {
  /** Runs a job; rejects with the worker's error, or with `views.closed` after `close`. */
  run(job: Job): Promise<Batches>;
  /** Awaits a promise of `run` and keeps the process alive meanwhile; other jobs do not. */
  waitFor<T>(result: Promise<T>): Promise<T>;
  /** Ends all workers and rejects unfinished jobs. Further calls have no effect. */
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

/** Starts `workers` threads, each with its own handle of the pixel cache. */
export function openWorkerPool({
  setup,
  workers,
}: {
  setup: WorkerSetup;
  workers: number;
}): WorkerPool {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let waiting = 0;
  let failed: Error | undefined;

  /** Rejects all unfinished and later jobs with this error. */
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
    worker.on('exit', (code) => fail(stopped(`it exited with code ${code}`)));
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
      result.catch(() => {}); // a prefetched batch may never be awaited; `waitFor` still throws
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
      fail(
        new LikenessError('views.closed', 'The loader was closed while it was rendering batches.'),
      );
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function stopped(reason: string): LikenessError {
  return new LikenessError(
    'views.worker',
    `A loader worker stopped: ${reason}. If memory ran out, use fewer workers or smaller batches.`,
  );
}

/** Restores a `LikenessError`; any other error is a defect and keeps the worker's stack trace. */
function errorOf({ code, message }: { code?: string; message: string }): Error {
  return code === undefined
    ? new Error(`A loader worker failed: ${message}`)
    : new LikenessError(code, message);
}
