/** NMI, ACC and ARI of a clustering in one call, optionally of some of the samples. */
import { matchingOf } from './accuracy.ts';
import { adjustedRandOf } from './adjustedRand.ts';
import { contingency, type Labels } from './contingency.ts';
import { nmiOf } from './nmi.ts';
import { requireNames } from './options.ts';

export interface ClusterAgreement {
  /** NMI, normalized by the arithmetic mean; 0 to 1. */
  readonly nmi: number;
  /** Clustering accuracy; above 0 to 1. */
  readonly acc: number;
  /** Adjusted Rand index; -0.5 to 1. */
  readonly ari: number;
}

export interface AgreementOptions {
  /** Indices of the samples to compare. Default: all. */
  rows?: ArrayLike<number>;
}

/**
 * Compares true labels with clusters. Samples with a negative label are left out.
 *
 * @example clusterAgreement([0, 0, 1, 1], [3, 3, 7, 7]) // { nmi: 1, acc: 1, ari: 1 }
 */
export function clusterAgreement(
  truth: Labels,
  clusters: Labels,
  options: AgreementOptions = {},
): ClusterAgreement {
  requireNames(options, ['rows']);
  const { rows } = options;
  const pick = (labels: Labels) => (rows ? Array.from(rows, (row) => labels[row]!) : labels);
  const table = contingency(pick(truth), pick(clusters));
  return { nmi: nmiOf(table), acc: matchingOf(table).accuracy, ari: adjustedRandOf(table) };
}
