/** Work in the background, with progress for the page. */
import { LikenessError, reasonOf } from '../core/errors.ts';
import { type ProgressEvent, type Reporter, reporterOf } from '../core/reporter.ts';
import { paced } from './progressPace.ts';
import type { JobAnswer } from './protocol.ts';

/** Result of a job. */
export interface JobResult {
  /** Line for people. */
  readonly text?: string;
  /** Path of a written folder. */
  readonly folder?: string;
  /** Path and name of a written file, which the browser downloads. */
  readonly file?: { readonly path: string; readonly name: string };
}

export interface Jobs {
  /** Starts work, and returns at once. */
  start(kind: JobAnswer['kind'], text: string, work: JobWork): JobAnswer;
  list(): JobAnswer[];
  get(id: number): JobAnswer | undefined;
  /** Finds the file of a finished job. */
  fileOf(id: number): JobResult['file'];
  /** Ends a job; false where there is none of that number. */
  cancel(id: number): boolean;
  /** Ends all jobs and waits for them. */
  close(): Promise<void>;
}

export type JobWork = (reporter: Reporter) => Promise<JobResult>;

/** Milliseconds between two events of progress of a job. */
const PROGRESS_MS = 200;
/** Most finished jobs that are listed. */
const MAX_FINISHED = 50;

interface Job {
  answer: JobAnswer;
  file?: JobResult['file'];
  controller: AbortController;
  done: Promise<void>;
}

/** @param onChange receives each change of a job */
export function openJobs(onChange: (job: JobAnswer) => void): Jobs {
  const jobs = new Map<number, Job>();
  let next = 1;

  function change(job: Job, answer: Partial<JobAnswer>): void {
    job.answer = { ...job.answer, ...answer };
    onChange(job.answer);
  }
  function forgetOld(): void {
    const finished = [...jobs.values()].filter(({ answer }) => answer.state !== 'running');
    for (const { answer } of finished.slice(0, -MAX_FINISHED)) jobs.delete(answer.id);
  }
  return {
    start(kind, text, work) {
      const controller = new AbortController();
      const answer: JobAnswer = { id: next++, kind, state: 'running', text };
      const job: Job = { answer, controller, done: Promise.resolve() };
      jobs.set(answer.id, job);
      const tell = paced(() => onChange(job.answer), PROGRESS_MS);
      const onProgress = (event: ProgressEvent) => {
        const { stage, text, done, total } = event;
        job.answer = { ...job.answer, stage, text, done, total };
        tell(event);
      };
      const reporter = reporterOf({ onProgress, signal: controller.signal });
      const { id } = answer;
      job.done = work(reporter).then(
        ({ file, text = job.answer.text, folder }) => {
          job.file = file;
          change(job, {
            ...{ state: 'done', text },
            ...(folder !== undefined && { folder }),
            ...(file && { download: `/api/downloads/${id}` }),
          });
          forgetOld();
        },
        (error: unknown) => {
          const state = controller.signal.aborted ? 'cancelled' : 'failed';
          change(job, { state, text: state === 'failed' ? reasonOf(error) : 'cancelled' });
          forgetOld();
        },
      );
      onChange(job.answer);
      return job.answer;
    },
    list: () => [...jobs.values()].map(({ answer }) => answer),
    get: (id) => jobs.get(id)?.answer,
    fileOf: (id) => jobs.get(id)?.file,
    cancel(id) {
      const job = jobs.get(id);
      job?.controller.abort(new LikenessError('explore.cancelled', 'the job was cancelled'));
      return job !== undefined;
    },
    async close() {
      for (const { controller } of jobs.values()) {
        controller.abort(new LikenessError('explore.closed', 'the server ends'));
      }
      await Promise.all([...jobs.values()].map(({ done }) => done));
    },
  };
}
