/** What a run measured of itself without labels, for the report. */

import { showCount } from '../core/text.ts';
import { type EpochMeasures, trackingMeasures } from '../evaluate/index.ts';
import type { MeasuresEvent } from '../run/index.ts';
import type { ReportMeasures } from './data.ts';

/** Names and meanings, in the order in which they are shown. */
const shown: readonly [keyof EpochMeasures, string, string][] = [
  ['viewAgreement', 'View agreement', 'Two views of an image in the same cluster, above chance; 1 at best.'],
  ['epochStability', 'Stability over epochs', 'NMI of the clusters with those measured before; 1: the same.'],
  [
    'seedStability',
    'Stability over starts',
    'Clusters from other random starts, adjusted Rand index; 1: the same.',
  ],
  [
    'neighbourConsistency',
    'Neighbours together',
    'Nearest neighbours in the same cluster, above chance; 1 at best.',
  ],
  ['silhouette', 'Separation', 'Silhouette of the clusters in the leading components; -1 to 1.'],
  [
    'prototypeUsage',
    'Use of prototypes',
    'Entropy of the nearest prototypes; 1: all alike, 0: one takes all.',
  ],
  [
    'effectiveRank',
    'Effective rank',
    'Directions that the features use, of those they could; near 0: collapse.',
  ],
];
const TRACKS = ' The one that followed true clusters where there were labels.';

/** The last event, beside the first; undefined where nothing was measured. */
export function reportMeasures(events: readonly MeasuresEvent[]): ReportMeasures | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  const items = shown.flatMap(([key, name, meaning]) => {
    const value = last[key];
    if (typeof value !== 'number') return [];
    const first = events.find((event) => typeof event[key] === 'number')!;
    const tracks = (trackingMeasures as readonly string[]).includes(key);
    return [
      {
        name,
        value,
        ...(first !== last && { first: first[key] as number }),
        meaning: tracks ? meaning + TRACKS : meaning,
      },
    ];
  });
  const from = events.length > 1 ? ' "From" is what it was when first measured.' : '';
  return {
    when: `On ${showCount(last.images)} images, the same each time, after step ${showCount(last.step)}.${from} None of these proves that clusters mean something; they show collapse and unstable clusters.`,
    items,
  };
}
