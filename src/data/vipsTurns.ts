/**
 * Turns of the calls of libvips in this process.
 *
 * libvips collects the messages of all threads in one buffer. An error of a call that ran beside
 * others may have their messages, or lack its own.
 */
import { createBudget } from '../core/budget.ts';
import { reasonOf } from '../core/errors.ts';

/** More than the calls in flight. */
const ALL = 2 ** 20;

const inFlight = createBudget(ALL);

/** Runs calls of libvips beside others. They fail rightly, with messages that may be of others. */
export function besideOthers<T>(work: () => Promise<T>): Promise<T> {
  return inFlight.run(1, work);
}

/** Runs calls of libvips while no others run, so that the messages of an error are its own. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  return inFlight.run(ALL, work);
}

/** Runs calls of libvips beside others and, after an error but a timeout, again alone. */
export async function withOwnMessages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await besideOthers(work);
  } catch (error) {
    if (isTimeout(error)) throw error;
    return alone(work);
  }
}

/** Tells if sharp ended a call after its time limit. */
export function isTimeout(error: unknown): boolean {
  return /^timeout/.test(reasonOf(error));
}
