/** The common part of all communicators: order of calls, and agreement before each. */
import { LikenessError } from '../core/errors.ts';
import { type Call, differenceOf, encodeCall, faultOf } from './call.ts';
import type { CollectiveArray, Communicator, Reduction } from './communicator.ts';

/**
 * Moves values between ranks. All ranks make the same valid call when one of these functions runs,
 * and no other runs until its promise settles. Arrays have at least one value.
 */
export interface Transport {
  readonly rank: number;
  readonly size: number;
  readonly hosts: readonly string[];
  /** Encoded calls of all ranks, or undefined if they are equal to this one. */
  agree(call: Float64Array): Promise<Float64Array[] | undefined>;
  allReduce(values: CollectiveArray, reduction: Reduction): Promise<void>;
  /** Fills `into` [R n] with the values [n] of all ranks. */
  allGather(values: CollectiveArray, into: CollectiveArray): Promise<void>;
  broadcast(values: CollectiveArray, root: number): Promise<void>;
  /** Fills `into` [n] with the rank's part of the reduction of values [R n]. */
  reduceScatter(
    values: CollectiveArray,
    into: CollectiveArray,
    reduction: Reduction,
  ): Promise<void>;
  /** Releases what the rank holds; all ranks have called it. */
  close(): Promise<void>;
  abort(error: unknown): Promise<void>;
}

/** Array of `length` zeros of the type of another. */
export function arrayLike<T extends CollectiveArray>(values: T, length: number): T {
  return new (values.constructor as new (length: number) => T)(length);
}

/** Part of an array without a copy. */
export function partOf<T extends CollectiveArray>(values: T, from: number, to: number): T {
  return values.subarray(from, to) as T;
}

/** Communicator over a transport. */
export function createCommunicator(transport: Transport): Communicator {
  const { rank, size, hosts } = transport;
  let last: Promise<unknown> = Promise.resolve();
  let ended: LikenessError | undefined;

  /** Runs a call after those before it, once all ranks have agreed that they make it. */
  function perform(call: Call, move: () => Promise<void>): Promise<void> {
    const run = async () => {
      if (ended) throw ended;
      const calls = await transport.agree(encodeCall(call, size));
      const error = faultOf(call, size) ?? (calls && differenceOf(calls, hosts));
      if (error) throw error;
      if (call.values === undefined || call.values.length > 0) await move();
    };
    const done = last.then(run);
    last = done.catch(() => {});
    return done;
  }

  return {
    rank,
    size,
    hosts,
    allReduce: (values, { reduction = 'sum' } = {}) =>
      perform({ kind: 'allReduce', values, reduction }, () =>
        transport.allReduce(values, reduction),
      ),
    async allGather(values) {
      let all = values;
      await perform({ kind: 'allGather', values }, () => {
        all = arrayLike(values, values.length * size);
        return transport.allGather(values, all);
      });
      return all === values ? arrayLike(values, 0) : all;
    },
    broadcast: (values, { root = 0 } = {}) =>
      perform({ kind: 'broadcast', values, root }, () => transport.broadcast(values, root)),
    async reduceScatter(values, { reduction = 'sum' } = {}) {
      let own = values;
      await perform({ kind: 'reduceScatter', values, reduction }, () => {
        own = arrayLike(values, values.length / size);
        return transport.reduceScatter(values, own, reduction);
      });
      return own === values ? arrayLike(values, 0) : own;
    },
    barrier: () => perform({ kind: 'barrier' }, async () => {}),
    close: () =>
      perform({ kind: 'close' }, async () => {
        ended = new LikenessError('collective.ended', 'the communicator was closed');
        await transport.close();
      }),
    async abort(error) {
      ended ??= error instanceof LikenessError ? error : endedBy(rank, error);
      await transport.abort(error);
    },
  };
}

/** Error of calls after the end of the group. */
export function endedBy(rank: number, error: unknown): LikenessError {
  const reason = error instanceof Error ? error.message : String(error);
  return new LikenessError('collective.ended', `rank ${rank} failed: ${reason}`);
}

/**
 * Runs a rank's work and leaves the group after it. An error ends the work of all ranks.
 *
 * @throws the error of the work.
 */
export async function runRank<T>(
  communicator: Communicator,
  work: (communicator: Communicator) => Promise<T>,
): Promise<T> {
  try {
    const result = await work(communicator);
    await communicator.close();
    return result;
  } catch (error) {
    await communicator.abort(error);
    throw error;
  }
}
