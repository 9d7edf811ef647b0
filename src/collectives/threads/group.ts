/** Memory that the threads of a group share, and the barrier in it. */
import { LikenessError } from '../../core/errors.ts';
import { CALL_FIELDS } from '../call.ts';

/** Group of threads. It can be posted to workers, or given to them as `workerData`. */
export interface ThreadGroup {
  readonly size: number;
  /** Bytes that each thread exchanges at once; longer arrays are exchanged in pieces. */
  readonly pieceBytes: number;
  /** Number of arrived threads, number of barriers, failure and length of its reason. */
  readonly control: SharedArrayBuffer;
  /** Encoded calls of all ranks, of this call and of the one before it. */
  readonly calls: SharedArrayBuffer;
  /** Piece of each rank, and the reduced piece. */
  readonly pieces: SharedArrayBuffer;
  /** Reason of a failure, in UTF-8. */
  readonly reason: SharedArrayBuffer;
}

export interface ThreadGroupOptions {
  /** Number of threads. */
  size: number;
  /** Bytes that each thread exchanges at once, a multiple of 8. Default 1 MiB. */
  pieceBytes?: number;
}

const ARRIVED = 0;
const BARRIERS = 1;
const FAILED = 2;
const REASON_BYTES = 3;
const MAX_REASON_BYTES = 4096;
/** A failure raises the counter of barriers by this, so its lower bits count true barriers. */
const FAILURE = 2 ** 20;
/** Milliseconds between two looks at the barrier; a timer also keeps the thread alive. */
const LOOK_MS = 1000;

/** Allocates the memory of a group of threads. */
export function createThreadGroup({ size, pieceBytes = 2 ** 20 }: ThreadGroupOptions): ThreadGroup {
  if (!(Number.isInteger(size) && size >= 1 && pieceBytes >= 8 && pieceBytes % 8 === 0)) {
    throw new LikenessError(
      'collective.invalid',
      `createThreadGroup: received the size ${size} and pieces of ${pieceBytes} bytes; ` +
        'expected at least 1 thread and pieces of a multiple of 8 bytes',
    );
  }
  return {
    size,
    pieceBytes,
    control: new SharedArrayBuffer(4 * 4),
    calls: new SharedArrayBuffer(2 * size * CALL_FIELDS * 8),
    pieces: new SharedArrayBuffer((size + 1) * pieceBytes),
    reason: new SharedArrayBuffer(MAX_REASON_BYTES),
  };
}

/** Ends the work of a group: calls of all its threads reject with the reason from now on. */
export function failGroup({ control, reason }: ThreadGroup, text: string): void {
  const state = new Int32Array(control);
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_REASON_BYTES);
  // The first reason stays. A value of 1 keeps others from writing, and 2 lets threads read.
  if (Atomics.compareExchange(state, FAILED, 0, 1) !== 0) return;
  new Uint8Array(reason).set(bytes);
  Atomics.store(state, REASON_BYTES, bytes.length);
  Atomics.store(state, FAILED, 2);
  Atomics.add(state, BARRIERS, FAILURE);
  Atomics.notify(state, BARRIERS);
}

function refuseFailed({ control, reason }: ThreadGroup): void {
  const state = new Int32Array(control);
  if (Atomics.load(state, FAILED) !== 2) return;
  const bytes = new Uint8Array(reason).slice(0, Atomics.load(state, REASON_BYTES));
  throw new LikenessError('collective.ended', new TextDecoder().decode(bytes));
}

/** `Atomics.waitAsync` of ECMAScript 2024. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(
    array: Int32Array,
    index: number,
    value: number,
    timeout: number,
  ): { value: Promise<string> | string };
};

/**
 * Resolves when all threads of the group have called it. What a thread wrote before is visible to
 * all threads afterwards. The event loop goes on meanwhile.
 *
 * @throws `collective.ended` if a thread has failed.
 */
export async function meet(group: ThreadGroup): Promise<void> {
  const state = new Int32Array(group.control);
  const before = Atomics.load(state, BARRIERS);
  refuseFailed(group);
  if (Atomics.add(state, ARRIVED, 1) === group.size - 1) {
    Atomics.store(state, ARRIVED, 0);
    Atomics.add(state, BARRIERS, 1);
    Atomics.notify(state, BARRIERS);
    return;
  }
  // A pending waitAsync alone would not keep the thread alive.
  const timer = setInterval(() => {}, LOOK_MS);
  try {
    while (Atomics.load(state, BARRIERS) === before) {
      await waitAsync(state, BARRIERS, before, LOOK_MS).value;
    }
  } finally {
    clearInterval(timer);
  }
  // A thread that failed after the barrier is the next call's affair.
  const isComplete = (Atomics.load(state, BARRIERS) - before) % FAILURE !== 0;
  if (!isComplete) refuseFailed(group);
}
