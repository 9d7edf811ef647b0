/** Formats what the agreement of clusters with color predicts. */
import { type ColorRow, colorPrediction } from '../bench/colors.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

const titles: Readonly<Record<string, string>> = {
  trained: 'network, trained briefly',
  untrained: 'untrained network',
  rawPixels: 'raw pixels',
  colorHistogram: 'color histogram',
  patches: 'patch features',
  classes: '*the classes themselves*',
};

/** Formats the clusters of all encoders on all sources, with the correlations. */
export function colorsText(): string {
  const found = stored<StoredRows<ColorRow>>('colors');
  if (!found) return 'Not measured yet: `npm run bench -- colors <sources>`.';
  const { rows } = found;
  const { bySource, mean, ranks } = colorPrediction(rows);
  const number = (value: number | null) => value?.toFixed(2) ?? '-';
  const correlations = Object.entries(bySource).map(
    ([source, value]) => `${source} ${number(value)}`,
  );
  return [
    markdown([
      ['images', 'encoder', 'color share', 'verdict', 'NMI', 'ACC'],
      ...rows.map(({ source, encoder, colorShare, verdict, nmi, acc }) => [
        ...[source, titles[encoder] ?? encoder, number(colorShare), verdict],
        ...(encoder === 'classes' ? ['', ''] : [nmi.toFixed(3), acc.toFixed(3)]),
      ]),
    ]),
    '',
    caption(found),
    '',
    `Spearman's correlation of color share and NMI between the encoders of a source: ` +
      `${correlations.join(', ')}; mean ${number(mean)}.`,
    '',
    markdown([
      ['verdict', 'mean rank by NMI among five encoders (1 is best)', 'clusterings'],
      ...Object.entries(ranks)
        .toSorted(([, a], [, b]) => b.mean - a.mean)
        .map(([verdict, { mean: rank, count }]) => [verdict, rank.toFixed(1), String(count)]),
    ]),
  ].join('\n');
}
