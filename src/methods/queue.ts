/**
 * Embeddings that outlive a step: rows on the unit sphere, part of the state and so of every checkpoint.
 *
 * Their first values are drawn evenly on the sphere, as He et al., "Momentum Contrast" (CVPR 2020), do for the queue:
 * normal coordinates, normalised.
 */
import type { ProgramState, Values } from '../compile/index.ts';
import type { Random } from '../core/random.ts';
import { createVariables } from '../nn/index.ts';
import { concat, type Shape, slice, stopGradient, type Tensor } from '../tensor/index.ts';

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

export interface KeptRows {
  /** As a step finds them, [L, D]. */
  current: Tensor;
  /** First values, by name, from a stream of the seed that the name chooses. */
  initialValues(seed: number): Values;
}

/** L rows of length D on the sphere under a name of the state. */
export function createKeptRows(name: string, length: number, dimension: number): KeptRows {
  const held = createVariables();
  return { current: held.buffer(name, [length, dimension], onSphere), initialValues: held.initialValues };
}

export interface Queue extends KeptRows {
  /** The queue after a batch of keys k [B, D]: the keys in front, the oldest rows gone; [L, D]. */
  pushed(k: Tensor): Tensor;
  /** The queue as an entry of the step's state, pushed by k. */
  state(k: Tensor): ProgramState;
}

/**
 * A first-in first-out queue of L keys of length D.
 *
 * The authors' code writes a ring at a moving pointer and needs L to be a multiple of the batch; here rows move, which
 * holds the same keys for every L. A batch that exceeds L fills it with its first L rows.
 */
export function createQueue(name: string, length: number, dimension: number): Queue {
  const rows = createKeptRows(name, length, dimension);
  const pushed = (k: Tensor) => {
    const B = Math.min(k.shape[0]!, length);
    const newest = stopGradient(slice(k, { axis: 0, start: 0, end: B })); // [B, D]
    if (B === length) return newest;
    return concat([newest, slice(rows.current, { axis: 0, start: 0, end: length - B })]); // [L, D]
  };
  return { ...rows, pushed, state: (k) => ({ current: rows.current, next: pushed(k) }) };
}
