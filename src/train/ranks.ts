/** Decisions that the ranks of a training make together between steps. */
import { type Features, featuresOf } from '../cluster/index.ts';
import type { Communicator } from '../collectives/index.ts';
import { LikenessError } from '../core/errors.ts';

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
  const said = await meet(communicator, { isEnded, value: planned });
  return { isEnded: said.isEnded, totalSteps: said.value || undefined };
}

/**
 * Meets the other ranks: true where one of them ends, and the largest value. All places where ranks
 * meet make this call, so that a rank that ends may meet others that are elsewhere.
 */
async function meet(
  communicator: Communicator,
  { isEnded, value }: { isEnded: boolean; value: number },
): Promise<{ isEnded: boolean; value: number }> {
  const said = Float64Array.of(Number(isEnded), value);
  await communicator.allReduce(said, { reduction: 'max' });
  return { isEnded: said[0] === 1, value: said[1]! };
}

/** Rows of all images that a rank computes: from `from`, before `to`. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

export interface SharedRows extends RankOptions {
  /** Number of all rows. */
  count: number;
  /** Rows that are computed at once. */
  batchSize: number;
}

/**
 * Computes rows [N, D] in parts of whole batches, one on each rank, and gathers them on all. They
 * are those of one rank, as batches are the same.
 *
 * @throws LikenessError the signal's reason, and {@link ENDED} where another rank ends
 */
export async function rowsOfRanks(
  { communicator, count, batchSize, signal }: SharedRows,
  compute: (part: Part) => Promise<Features>,
): Promise<Features> {
  if (!communicator) return compute({ from: 0, to: count });
  const { rank, size } = communicator;
  const rows = Math.ceil(Math.ceil(count / batchSize) / size) * batchSize; // of each rank
  const from = Math.min(count, rank * rows);
  const to = Math.min(count, from + rows);
  let own: Features | undefined;
  try {
    if (from < to) own = await compute({ from, to });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  const isAborted = signal?.aborted === true;
  const met = await meet(communicator, { isEnded: isAborted, value: own?.dimension ?? 0 });
  if (met.isEnded) {
    throw new LikenessError(ENDED, 'another rank ends the training');
  }
  const D = met.value;
  const padded = new Float32Array(rows * D);
  if (own) padded.set(own.data);
  const all = await communicator.allGather(padded); // [R rows, D]
  return featuresOf(all.subarray(0, count * D), D); // [N, D]
}

/** Code of the error of ranks that have met one that ends. */
export const ENDED = 'ranks.ended';

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
