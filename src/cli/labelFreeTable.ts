/** The measures that need no labels, beside those of the untrained encoder, as people read them. */
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
  ['embedding deviation', ({ embeddingDeviation: d }) => d?.toFixed(3)],
  [
    'effective rank of embeddings',
    ({ embeddingRank: r }) => r && `${r.rank.toFixed(1)} of ${r.most}`,
  ],
];
const CELL = 15;

/** Lines of the table; measures that neither encoder has are left out. */
export function labelFreeTable(
  { title, own }: { title: string; own: LabelFreeReport },
  { title: before, untrained }: { title: string; untrained: LabelFreeReport },
): string[] {
  const shown = rows.flatMap(([name, text]) => {
    const values = [text(own), text(untrained)] as const;
    return values[0] === undefined && values[1] === undefined ? [] : [[name, ...values] as const];
  });
  const width = Math.max(...shown.map(([name]) => name.length));
  const cellWidth = Math.max(CELL, title.length, before.length);
  const line = (name: string, ...cells: string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(cellWidth))].join('  ');
  const lines = [line('without labels', title, before)];
  for (const [name, ...values] of shown)
    lines.push(line(name, ...values.map((value) => value ?? '-')));
  const { clusters } = own;
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
