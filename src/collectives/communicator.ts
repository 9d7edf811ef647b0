/** Collectives: calls that every rank of a group makes together, in the same order. */

/** Arrays that collectives move. */
export type CollectiveArray = Float32Array | Float64Array | Int32Array;
/** Joins the values of all ranks, element by element. The maximum of a NaN is undefined. */
export type Reduction = 'sum' | 'max';

/**
 * Place of a rank in a group of ranks.
 *
 * All ranks call the same functions in the same order, with arrays of equal type and length.
 * Another call of one rank is refused on all ranks with `collective.differs`, and the group goes
 * on. Results are equal to the byte on all ranks. An array must not change until its call is done.
 * Calls of one rank are run one after another, so they may be made without waiting.
 */
export interface Communicator {
  /** Rank from 0 to `size` - 1. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /** Host of each rank. */
  readonly hosts: readonly string[];
  /** Replaces values [n] by their sum (default) or maximum over all ranks, in place. */
  allReduce(values: CollectiveArray, options?: { reduction?: Reduction }): Promise<void>;
  /** Returns the values [n] of all ranks as [R n], in the order of ranks. */
  allGather<T extends CollectiveArray>(values: T): Promise<T>;
  /** Replaces values [n] by those of the rank `root` (default 0), in place. */
  broadcast(values: CollectiveArray, options?: { root?: number }): Promise<void>;
  /**
   * Returns the rank's own part [n] of the sum (default) or maximum over all ranks of values [R n].
   *
   * @throws `collective.invalid` on all ranks if R does not divide the length.
   */
  reduceScatter<T extends CollectiveArray>(
    values: T,
    options?: { reduction?: Reduction },
  ): Promise<T>;
  /** Resolves when all ranks have called it. */
  barrier(): Promise<void>;
  /** Leaves the group when all ranks have called it. Later calls are refused. */
  close(): Promise<void>;
  /**
   * Ends the work of all ranks for a reason. Calls of other threads reject with it; with MPI the
   * reason is printed and all processes end.
   */
  abort(error: unknown): Promise<void>;
}
