/**
 * Embeddings that outlive a step: rows on the unit sphere, part of the state and of every
 * checkpoint.
 *
 * First values are drawn evenly on the sphere, as He et al., "Momentum Contrast" (CVPR 2020), do
 * for the queue: normal coordinates, normalized.
 */
import type { Random } from '../core/random.ts';
import { concat, rows, type Shape, stopGradient, type Tensor } from '../tensor/index.ts';
import type { Step } from './step.ts';

/** Rows drawn evenly on the unit sphere, [N, D]. */
export function onSphere(shape: Shape, random: Random): Float32Array {
  const [N, D] = shape as [number, number];
  const values = new Float32Array(N * D).map(() => random.normal());
  for (let n = 0; n < N; n++) {
    const row = values.subarray(n * D, (n + 1) * D);
    const length = Math.hypot(...row);
    for (let d = 0; d < D; d++) row[d]! /= length;
  }
  return values;
}

export interface Queue {
  /** Keys as a step finds them, newest first, [L, D]. */
  readonly current: Tensor;
  /** Puts the keys of a batch, k [B, D] per replica, in front and drops the oldest rows. */
  push(k: Tensor): void;
}

/**
 * A first-in first-out queue of L keys of dimension D.
 *
 * The authors' code writes a ring at a moving pointer and needs L to be a multiple of the batch.
 * Here rows move, for every L. Both store the same keys once the queue is full, and until then other
 * ones of its random first rows. A batch that exceeds L fills it with its first L rows.
 */
export function createQueue(
  step: Pick<Step, 'randomState' | 'acrossReplicas'>,
  name: string,
  { length: L, dimension: D }: { length: number; dimension: number },
): Queue {
  const { current, set } = step.randomState(name, [L, D], onSphere);
  return { current, push: (k) => set(pushed(current, step.acrossReplicas(k))) };
}

/** Rows [L, D] after a batch k [B, D]: the batch in front, the oldest rows gone. */
export function pushed(current: Tensor, k: Tensor): Tensor {
  const L = current.shape[0]!;
  const B = Math.min(k.shape[0]!, L);
  const newest = stopGradient(rows(k, 0, B)); // [B, D]
  return B === L ? newest : concat([newest, rows(current, 0, L - B)]); // [L, D]
}
