/** Hierarchy of prototypes that a method has learned, from the state of its run. */
import type { Values } from '../compile/index.ts';
import { methodHead } from './runProgram.ts';
import type { Settings } from './settings.ts';
import { labelsName, prototypesName } from './storedClusters.ts';

/** A tree of prototypes. Level 0 is the finest. */
export interface PrototypeTree {
  /** Number K_l of prototypes of each level, finest first. */
  readonly counts: readonly number[];
  /** Prototype of the level above for each prototype of level l, [K_l], for all but the last. */
  readonly parents: readonly Int32Array[];
}

/**
 * Reads the learned tree of a run; undefined for methods without one, and for runs that have not
 * found their prototypes yet.
 *
 * The labels of the trained images at two levels give the parent of each prototype that has an
 * image. A prototype without an image gets the nearest prototype of the level above.
 */
export function learnedTree(settings: Settings, state: Values): PrototypeTree | undefined {
  const counts = methodHead(settings).levels;
  const levels = counts?.map((_, l) => ({
    prototypes: state[prototypesName(l)] as Float32Array | undefined,
    labels: state[labelsName(l)] as Float32Array | undefined,
  }));
  const isFound = levels?.every(({ prototypes }) => prototypes?.some((value) => value !== 0));
  if (!counts || !levels || !isFound) return undefined;
  const parents = counts.slice(0, -1).map((count, l) => {
    const [own, above] = [levels[l]!, levels[l + 1]!];
    const parent = new Int32Array(count).fill(-1);
    const labels = own.labels ?? new Float32Array();
    for (const [image, label] of labels.entries()) {
      const over = above.labels?.[image];
      if (over !== undefined && label < count && over < counts[l + 1]!) parent[label] = over;
    }
    return parent.map((found, c) =>
      found >= 0
        ? found
        : nearestTo(rowOf(own.prototypes!, c, count), above.prototypes!, counts[l + 1]!),
    );
  });
  return { counts, parents };
}

function rowOf(data: Float32Array, row: number, count: number): Float32Array {
  const dimension = data.length / count;
  return data.subarray(row * dimension, (row + 1) * dimension);
}

/** Position of the row with the largest inner product. */
function nearestTo(row: Float32Array, rows: Float32Array, count: number): number {
  let [at, most] = [0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    const other = rowOf(rows, i, count);
    const product = row.reduce((sum, value, d) => sum + value * other[d]!, 0);
    if (product > most) [at, most] = [i, product];
  }
  return at;
}
