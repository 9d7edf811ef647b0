/** The measures that need no labels, trained beside untrained, as people read them. */
import type { LabelFreeReport } from '../likeness.ts';

const rows: readonly [string, (of: LabelFreeReport) => string | undefined][] = [
  ['prototype usage (entropy, 1: even)', ({ prototypeUsage: u }) => u?.entropy.toFixed(3)],
  ['prototypes without an image', ({ prototypeUsage: u }) => u && `${u.dead} of ${u.of}`],
  [
    'two views, same prototype (by chance)',
    ({ viewAgreement: v }) => v && `${v.agreement.toFixed(3)} (${v.chance.toFixed(3)})`,
  ],
  ['feature deviation (1: spread evenly)', ({ featureDeviation: d }) => d.toFixed(3)],
  ['effective rank of features', ({ effectiveRank: r }) => `${r.rank.toFixed(1)} of ${r.most}`],
  ['embedding deviation', ({ embeddingDeviation: d }) => d.toFixed(3)],
  ['effective rank of embeddings', ({ embeddingRank: r }) => `${r.rank.toFixed(1)} of ${r.most}`],
];
const CELL = 15;

export function labelFreeTable(trained: LabelFreeReport, untrained: LabelFreeReport): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = (name: string, own: string, before: string) =>
    `${name.padEnd(width)}  ${own.padStart(CELL)}  ${before.padStart(CELL)}`;
  const lines = [line('without labels', 'trained', 'untrained')];
  for (const [name, text] of rows) lines.push(line(name, text(trained) ?? '-', text(untrained) ?? '-'));
  const { clusters } = trained;
  if (clusters) {
    lines.push(
      `silhouette of the run's ${clusters.k} clusters: ${clusters.silhouette.toFixed(3)}${
        clusters.neighbourConsistency
          ? `; neighbours in the same cluster: ${clusters.neighbourConsistency.consistency.toFixed(3)} (by chance ${clusters.neighbourConsistency.chance.toFixed(3)})`
          : ''
      }`,
    );
  }
  return lines;
}
