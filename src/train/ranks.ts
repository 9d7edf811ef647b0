/** Decisions that the ranks of a training make together between steps. */
import type { Communicator } from '../collectives/index.ts';

export interface RankOptions {
  /** Absent: one process, which decides alone. */
  communicator?: Communicator | undefined;
  signal?: AbortSignal;
}

/** Knowledge of a rank between steps. */
export interface RankState {
  /** False where the work before an epoch was ended. */
  hasBegun: boolean;
  /** Steps of the whole schedule; undefined while the speed is measured. */
  totalSteps: number | undefined;
}

/**
 * Agrees on the end of a training, which any rank may ask for, and on its length, which is as rank
 * 0 plans it.
 */
export async function agree(
  { communicator, signal }: RankOptions,
  { hasBegun, totalSteps }: RankState,
): Promise<{ isEnded: boolean; totalSteps: number | undefined }> {
  const isEnded = signal?.aborted === true || !hasBegun;
  if (!communicator) return { isEnded, totalSteps };
  const planned = communicator.rank === 0 ? (totalSteps ?? 0) : 0;
  const said = Float64Array.of(Number(isEnded), planned);
  await communicator.allReduce(said, { reduction: 'max' });
  return { isEnded: said[0] === 1, totalSteps: said[1] || undefined };
}

/** Does work on rank 0, and then on the others, which find what it has stored. */
export async function firstThenOthers<T>(
  communicator: Communicator | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!communicator) return work();
  if (communicator.rank > 0) await communicator.barrier();
  const found = await work();
  if (communicator.rank === 0) await communicator.barrier();
  return found;
}
