/** Label-free measures of a run, for the report. */
import { plural, showCount } from '../core/text.ts';
import { type EpochMeasures, trackingMeasures } from '../evaluate/index.ts';
import type { MeasuresEvent } from '../run/index.ts';
import type { ReportMeasures } from './runReport.ts';

/** Label-free measures with names and meanings, in the order of the page. */
export const shownMeasures: readonly [keyof EpochMeasures, string, string][] = [
  [
    'viewAgreement',
    'View agreement',
    'Two views of an image in the same cluster, above chance; 1 at best.',
  ],
  [
    'epochStability',
    'Stability over epochs',
    'NMI with the clusters of the last measurement; 1: the same.',
  ],
  [
    'seedStability',
    'Stability over starts',
    'Adjusted Rand index with clusters of other random starts; 1: the same.',
  ],
  [
    'neighbourConsistency',
    'Neighbors together',
    'Nearest neighbors in the same cluster, above chance; 1 at best.',
  ],
  ['silhouette', 'Separation', 'Silhouette of the clusters in the leading components; -1 to 1.'],
  [
    'prototypeUsage',
    'Use of prototypes',
    'Entropy of the nearest prototypes; 1: even, 0: all images at one.',
  ],
  [
    'effectiveRank',
    'Effective rank',
    'Fraction of the directions that the features use; near 0: collapse.',
  ],
];
const TRACKS = ' The only one that tracked true clusters in our tests with labels.';

/** Reports the last measurement beside the first; undefined where nothing was measured. */
export function reportMeasures(events: readonly MeasuresEvent[]): ReportMeasures | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  const items = shownMeasures.flatMap(([key, name, meaning]) => {
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
  const from = events.length > 1 ? ' "From" is the first measurement.' : '';
  return {
    when:
      `On ${plural(last.images, 'image')}, the same each time, after step ` +
      `${showCount(last.step)}.${from} No measure proves that clusters are meaningful. They ` +
      'show collapse and unstable clusters.',
    items,
  };
}
