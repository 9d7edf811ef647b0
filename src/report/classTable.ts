/** Clusters compared with the labels of their images, for the report. */
import type { PixelCache } from '../data/index.ts';
import {
  adjustedRandOf,
  amiOf,
  confusionOf,
  contingency,
  fowlkesMallowsOf,
  matchingOf,
  nmiOf,
  purityOf,
  purityTable,
} from '../metrics/index.ts';
import type { ReportClasses } from '../run/index.ts';

/**
 * Compares clusters [N] of the cache's images at `indices` with labels; undefined where no image
 * has one.
 */
export function classTable(
  { entries, labelNames }: Pick<PixelCache, 'entries' | 'labelNames'>,
  indices: Uint32Array,
  clusters: Int32Array,
): ReportClasses | undefined {
  const labels = Int32Array.from(indices, (index) => entries[index]!.label ?? -1);
  if (!labels.some((label) => label >= 0)) return undefined;
  const table = contingency(labels, clusters);
  const { classes, clusters: columns, matched, counts } = confusionOf(table);
  const name = (value: number) => labelNames?.[value] ?? String(value);
  return {
    images: table.total,
    purity: purityOf(table),
    nmi: nmiOf(table),
    ami: amiOf(table),
    acc: matchingOf(table).accuracy,
    ari: adjustedRandOf(table),
    fmi: fowlkesMallowsOf(table),
    classes: classes.map(name),
    clusters: columns,
    matched: matched.map((value) => (value === undefined ? null : classes.indexOf(value))),
    counts,
    purities: purityTable(table)
      .map(({ majority, ...rest }) => ({ ...rest, majority: name(majority) }))
      .sort((a, b) => a.cluster - b.cluster),
  };
}
