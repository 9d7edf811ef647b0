/** Which row is likely the best, where there are no labels to say it. */
import { trackingMeasures } from '../evaluate/index.ts';
import type { Summary } from './comparison.ts';

/** A figure of a table that needs no labels. */
export interface TrackingColumn {
  readonly title: string;
  readonly meaning: string;
  of(row: { readonly labelFree?: Readonly<Record<string, Summary>> }): Summary | undefined;
}

const shown: Readonly<Record<(typeof trackingMeasures)[number], Pick<TrackingColumn, 'title' | 'meaning'>>> =
  {
    viewAgreement: {
      title: 'views agree',
      meaning:
        'Without labels: how often two views of an image fall to the same of ten clusters, above chance; 1 at best. The measure that followed true clusters where there were labels',
    },
  };

/** A row's measures without labels, by name. */
export interface UnlabelledRow {
  readonly name: string;
  readonly labelFree: Readonly<Record<string, Summary>>;
}

export interface Place {
  readonly name: string;
  /** Mean over the measures of the row's rank among all rows, from 1. */
  readonly rank: number;
}

/** Prefix of the measures of the fixed sample among a row's numbers. */
export const SAMPLE = 'sample.';

/** The measures that were found to follow true NMI, as columns; the others are in compare.json. */
export const trackingColumns: readonly TrackingColumn[] = trackingMeasures.map((measure) => ({
  ...shown[measure],
  of: ({ labelFree }) => labelFree?.[SAMPLE + measure],
}));

/**
 * The rows by the mean of their ranks in those measures that were found to follow true NMI, the likely best first; rows that
 * lack one of them are left out. Equal values share the mean of their ranks.
 *
 * A rank and not a value is averaged, because the measures have no common scale.
 */
export function likelyOrder(
  rows: readonly UnlabelledRow[],
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

/** The order as a sentence for people; nothing where fewer than two rows can be ordered. */
export function likelySentence(order: readonly Place[]): string | undefined {
  const [first, ...rest] = order;
  if (!first || rest.length === 0) return undefined;
  const listed = order.map(({ name, rank }) => `${name} ${rank.toFixed(1)}`).join(', ');
  return (
    `likely best without labels: ${first.name}. Mean rank in ${trackingMeasures.join(', ')}, which followed true clusters ` +
    `where there were labels: ${listed}. A guess, and no more than that.`
  );
}
