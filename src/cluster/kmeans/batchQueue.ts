/** Queues that collect rows into full batches, one queue per engine operation. */
import type { KmeansRun } from './run.ts';

export interface BatchQueue {
  readonly rows: RowQueue;
  /** Rows of a full batch. */
  readonly size: number;
  /** Runs the operation on a batch; the resolved function applies the results. */
  run(run: KmeansRun, rows: Int32Array): Promise<() => void>;
}

export interface Batch {
  readonly queue: BatchQueue;
  readonly rows: Int32Array;
}

/** Takes full batches from the queues that hold enough rows. */
export function* fullBatches(queues: readonly BatchQueue[]): Generator<Batch> {
  for (const queue of queues) {
    while (queue.rows.length >= queue.size) yield nextBatch(queue);
  }
}

/** Takes batches until the queues are empty; the last batch of a queue may be smaller. */
export function* remainingBatches(queues: readonly BatchQueue[]): Generator<Batch> {
  for (const queue of queues) {
    while (queue.rows.length > 0) yield nextBatch(queue);
  }
}

const nextBatch = (queue: BatchQueue): Batch => ({ queue, rows: queue.rows.take(queue.size) });

/**
 * First-in first-out queue of row indices, each index at most once between two calls of `clear`.
 */
export class RowQueue {
  readonly #rows: Int32Array;
  #from = 0;
  #to = 0;

  constructor(capacity: number) {
    this.#rows = new Int32Array(capacity);
  }

  get length(): number {
    return this.#to - this.#from;
  }

  clear(): void {
    this.#from = 0;
    this.#to = 0;
  }

  add(row: number): void {
    this.#rows[this.#to++] = row;
  }

  /** Removes up to `max` rows. The result is a view, valid until `clear`. */
  take(max: number): Int32Array {
    const taken = this.#rows.subarray(this.#from, Math.min(this.#to, this.#from + max));
    this.#from += taken.length;
    return taken;
  }
}
