/** A warning on a cluster that is too large to be one group. */
import type { Group } from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';

/** Fraction of the images above which a cluster is rarely one group. */
const MAX_SHARE = 0.4;
/**
 * Multiple of an equal share below which no cluster is too large: of two clusters one always has
 * half.
 */
const MIN_TIMES_EQUAL = 1.5;

/** Warns where the largest cluster holds too many of the images. */
export function warnOfLargest(groups: readonly Group[], reporter: Reporter): void {
  const [largest] = groups;
  const limit = Math.max(MAX_SHARE, MIN_TIMES_EQUAL / groups.length);
  if (groups.length < 2 || !largest || largest.share <= limit) return;
  reporter.warn({
    code: 'cluster.largest',
    message:
      `cluster 0 holds ${(largest.share * 100).toFixed(0)} % of the images, more than ` +
      `${(limit * 100).toFixed(0)} %. The features may not separate the images well. Train ` +
      'longer, or ask for more clusters with `k`.',
  });
}
