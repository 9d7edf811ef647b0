/** Ranking of the rows without labels. */
import { trackingMeasures } from '../evaluate/index.ts';
import type { Summary } from './comparison.ts';

/** Column of a measure that needs no labels. */
export interface TrackingColumn {
  readonly title: string;
  readonly meaning: string;
  of(row: { readonly labelFree?: Readonly<Record<string, Summary>> }): Summary | undefined;
}

const shown: Readonly<
  Record<(typeof trackingMeasures)[number], Pick<TrackingColumn, 'title' | 'meaning'>>
> = {
  viewAgreement: {
    title: 'views agree',
    meaning:
      'How often two views of an image share one of ten clusters, above chance; 1 at best. The ' +
      'only label-free measure that tracked NMI in our tests',
  },
};

/** Label-free measures of a row, by name. */
export interface UnlabeledRow {
  readonly name: string;
  readonly labelFree: Readonly<Record<string, Summary>>;
}

export interface Place {
  readonly name: string;
  /** Mean rank of the row over the measures, from 1. */
  readonly rank: number;
}

/** Prefix of the names of the measures on the fixed sample. */
export const SAMPLE = 'sample.';

/** Measures that tracked NMI in tests with labels, as columns; the others are in compare.json. */
export const trackingColumns: readonly TrackingColumn[] = trackingMeasures.map((measure) => ({
  ...shown[measure],
  of: ({ labelFree }) => labelFree?.[SAMPLE + measure],
}));

/**
 * Ranks the rows by their mean rank over the measures that tracked NMI in tests with labels.
 *
 * The likely best row is first. Rows without one of the measures are left out, and equal values
 * share the mean of their ranks. Ranks are averaged because the measures have no common scale.
 */
export function likelyOrder(
  rows: readonly UnlabeledRow[],
  measures: readonly string[] = trackingMeasures,
): Place[] {
  const values = rows.flatMap(({ name, labelFree }) => {
    const own = measures.map((measure) => labelFree[SAMPLE + measure]?.mean ?? null);
    return own.some((value) => value === null) ? [] : [{ name, own: own as number[] }];
  });
  return values
    .map(({ name, own }) => {
      const ranks = own.map((value, m) => {
        const better = values.filter((other) => other.own[m]! > value).length;
        const equal = values.filter((other) => other.own[m] === value).length;
        return better + (equal + 1) / 2;
      });
      return { name, rank: ranks.reduce((a, b) => a + b, 0) / ranks.length };
    })
    .toSorted((a, b) => a.rank - b.rank);
}

/** Tells the order in a sentence; undefined for fewer than two rows. */
export function likelySentence(order: readonly Place[]): string | undefined {
  const [first, ...rest] = order;
  if (!first || rest.length === 0) return undefined;
  const listed = order.map(({ name, rank }) => `${name} ${rank.toFixed(1)}`).join(', ');
  return (
    `likely best without labels: ${first.name}. Mean rank in ${trackingMeasures.join(', ')}, ` +
    `the only label-free measure that tracked NMI in our tests: ${listed}. ` +
    'Treat the ranking as a hint.'
  );
}
