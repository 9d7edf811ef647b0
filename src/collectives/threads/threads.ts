/** The communicator of worker threads: values meet in shared memory, piece by piece. */
import { hostname } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { reasonOf } from '../../core/errors.ts';
import { CALL_FIELDS } from '../call.ts';
import type { CollectiveArray, Communicator, Reduction } from '../communicator.ts';
import { createCommunicator, endedBy, type Transport } from '../transport.ts';
import { failGroup, meet, type ThreadGroup } from './group.ts';

type ArrayType = new (buffer: SharedArrayBuffer, offset: number, length: number) => CollectiveArray;

/**
 * Communicator of one thread of a group. Each rank reduces its part of a piece in the order of
 * ranks, so all ranks read the same bytes.
 */
export function joinThreads(group: ThreadGroup, rank: number): Communicator {
  const { size, pieceBytes } = group;
  let parity = 0;

  /** Views of `length` values on the pieces of all ranks, and behind these on the reduced piece. */
  function viewsOf(values: CollectiveArray, length: number): CollectiveArray[] {
    const View = values.constructor as ArrayType;
    return Array.from(
      { length: size + 1 },
      (_, i) => new View(group.pieces, i * pieceBytes, length),
    );
  }

  /** Ranges of values that are exchanged at once. No rank writes before all have read the last. */
  async function inPieces(
    values: CollectiveArray,
    length: number,
    exchange: (from: number, to: number) => Promise<void>,
  ): Promise<void> {
    const step = pieceBytes / values.BYTES_PER_ELEMENT;
    for (let from = 0; from < length; from += step) {
      if (from > 0) await meet(group);
      await exchange(from, Math.min(length, from + step));
    }
  }

  const transport: Transport = {
    rank,
    size,
    hosts: Array.from({ length: size }, () => hostname()),
    async agree(call) {
      // A rank may already write its next call while others read these, so there are two places.
      parity = 1 - parity;
      const start = parity * size * CALL_FIELDS * 8;
      const all = new Float64Array(group.calls, start, size * CALL_FIELDS);
      all.set(call, rank * CALL_FIELDS);
      await meet(group);
      const calls = Array.from({ length: size }, (_, i) =>
        all.slice(i * CALL_FIELDS, (i + 1) * CALL_FIELDS),
      );
      const isEqual = calls.every((other) => other.every((value, i) => value === call[i]));
      return isEqual ? undefined : calls;
    },
    allReduce: (values, reduction) =>
      inPieces(values, values.length, async (from, to) => {
        const views = viewsOf(values, to - from);
        const reduced = views.pop()!;
        views[rank]!.set(values.subarray(from, to));
        await meet(group);
        const own = (at: number) => Math.floor((at * (to - from)) / size);
        reduce(views, reduced, { from: own(rank), to: own(rank + 1), reduction });
        await meet(group);
        values.set(reduced, from);
      }),
    allGather: (values, into) =>
      inPieces(values, values.length, async (from, to) => {
        const views = viewsOf(values, to - from).slice(0, size);
        views[rank]!.set(values.subarray(from, to));
        await meet(group);
        for (const [i, view] of views.entries()) into.set(view, i * values.length + from);
      }),
    broadcast: (values, root) =>
      inPieces(values, values.length, async (from, to) => {
        const piece = viewsOf(values, to - from)[root]!;
        if (rank === root) piece.set(values.subarray(from, to));
        await meet(group);
        if (rank !== root) values.set(piece, from);
      }),
    async reduceScatter(values, into, reduction) {
      for (let owner = 0; owner < size; owner++) {
        if (owner > 0) await meet(group);
        await inPieces(values, into.length, async (from, to) => {
          const views = viewsOf(values, to - from).slice(0, size);
          const start = owner * into.length;
          views[rank]!.set(values.subarray(start + from, start + to));
          await meet(group);
          const part = into.subarray(from, to);
          if (rank === owner) reduce(views, part, { from: 0, to: to - from, reduction });
        });
      }
    },
    close: async () => {},
    abort: async (error) => failGroup(group, endedBy(rank, error).message),
  };
  return createCommunicator(transport);
}

/** Writes the reduction of a range of some arrays to the same range of another. */
function reduce(
  arrays: readonly CollectiveArray[],
  into: CollectiveArray,
  { from, to, reduction }: { from: number; to: number; reduction: Reduction },
): void {
  const [first, ...others] = arrays as [CollectiveArray, ...CollectiveArray[]];
  into.set(first.subarray(from, to), from);
  for (const values of others) {
    if (reduction === 'sum') for (let i = from; i < to; i++) into[i]! += values[i]!;
    else for (let i = from; i < to; i++) if (values[i]! > into[i]!) into[i] = values[i]!;
  }
}

/**
 * Ends the work of a group when one of its workers fails or ends before all have closed.
 *
 * @param workers workers by rank.
 */
export function watchThreads(group: ThreadGroup, workers: readonly Worker[]): void {
  for (const [rank, worker] of workers.entries()) {
    const fail = (reason: string) =>
      failGroup(group, `rank ${rank} (${hostname()}) failed: ${reason}`);
    worker.once('error', (error) => fail(reasonOf(error)));
    // After a common close nobody makes a call that could fail.
    worker.once('exit', (code) => fail(`its thread ended with exit code ${code}`));
  }
}
