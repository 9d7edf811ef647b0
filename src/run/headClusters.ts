/** Clusters that a method's own head names, where it has one: the most probable for each image. */
import type { Features } from '../cluster/index.ts';
import { methodHead } from '../methods/index.ts';
import { type HeadOptions, openHead } from './head.ts';

export interface HeadClusters {
  /** [N], 0 to M - 1. */
  readonly clusters: Int32Array;
  /** M, clusters that the method learns. */
  readonly count: number;
}

/**
 * `argmax` of the head's probabilities for each row of the encoder's features `[N, F]`; undefined for a method whose head
 * names no clusters.
 */
export async function headClusters(
  options: HeadOptions,
  features: Features,
): Promise<HeadClusters | undefined> {
  if (!methodHead(options.settings).assign) return undefined;
  const head = await openHead(options);
  try {
    const y = await head.assign?.(features); // [N, M]
    return y && { clusters: mostProbable(y), count: y.dimension };
  } finally {
    await head.close();
  }
}

/** Index of the largest value of each row of y [N, M]; the first of equals. */
export function mostProbable({ data, count, dimension: M }: Features): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    let best = 0;
    for (let k = 1; k < M; k++) if (data[i * M + k]! > data[i * M + best]!) best = k;
    return best;
  });
}
