/** The jobs that a page knows, put together from answers and events that may come in any order. */
import type { JobAnswer } from '../../../src/server/protocol.ts';

/**
 * Adds what was told of a job. A job that has ended stays ended: the answer to the request that
 * started it, or a listing read before, can arrive after its last event.
 */
export function withJob(known: readonly JobAnswer[], told: JobAnswer): readonly JobAnswer[] {
  const at = known.findIndex(({ id }) => id === told.id);
  if (at < 0) return [...known, told].sort((a, b) => a.id - b.id);
  const isOld = told.state === 'running' && known[at]!.state !== 'running';
  return isOld ? known : known.with(at, told);
}

/** Adds a listing. Jobs that it lacks are kept. */
export const withJobs = (
  known: readonly JobAnswer[],
  listed: readonly JobAnswer[],
): readonly JobAnswer[] => listed.reduce(withJob, known);
