/** NMI, ACC and ARI of a clustering, over some of the samples. */
import { matchingOf } from './accuracy.ts';
import { adjustedRandOf } from './adjustedRand.ts';
import { contingency } from './contingency.ts';
import { nmiOf } from './nmi.ts';

export interface ClusterAgreement {
  /** Normalized by the arithmetic mean. */
  readonly nmi: number;
  /** Under the best matching of clusters to classes. */
  readonly acc: number;
  readonly ari: number;
}

/** NMI, ACC and ARI over the given rows. Rows whose label is negative are left out. */
export function clusterAgreement(
  labels: Int32Array,
  assignments: Int32Array,
  rows: ArrayLike<number> = Int32Array.from(labels.keys()),
): ClusterAgreement {
  const pick = (of: Int32Array) => Int32Array.from(rows, (row) => of[row]!);
  const table = contingency(pick(labels), pick(assignments));
  return { nmi: nmiOf(table), acc: matchingOf(table).accuracy, ari: adjustedRandOf(table) };
}
