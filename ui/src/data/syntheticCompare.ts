import { type ClusterAnswer, type CompareAnswer, JUNK } from '../../../src/server/protocol.ts';
import { uniform } from './random.ts';
import type { Edited } from './syntheticEdits.ts';
import type { SyntheticRun } from './syntheticRun.ts';
import { syntheticTraining } from './syntheticTraining.ts';

/** Compares with a clustering in which each twelfth image is elsewhere. */
export function compareSynthetic(
  { images, second }: SyntheticRun,
  { answers, edited }: { answers: readonly ClusterAnswer[]; edited: Edited },
  { name, seed }: { name: string; seed: number },
): CompareAnswer {
  const other = edited.clusters.map((cluster, row) =>
    cluster !== JUNK && uniform(seed, row, 30) < 0.08 ? second[row]! : cluster,
  );
  const index = new Map(answers.map(({ cluster }, i) => [cluster, i]));
  const matrix = answers.map(() => answers.map(() => 0));
  const moved: CompareAnswer['moved'][number][] = [];
  for (let row = 0; row < images; row++) {
    const [a, b] = [index.get(edited.clusters[row]!), index.get(other[row]!)];
    if (a === undefined || b === undefined) continue;
    matrix[a]![b]!++;
    if (a !== b) moved.push({ row, a: edited.clusters[row]!, b: other[row]! });
  }
  const list = answers.map(({ cluster, name: title, size }) => ({
    ...{ cluster, size },
    ...(title !== undefined && { name: title }),
  }));
  const curve = syntheticTraining(1200, seed);
  return {
    a: {
      ...{ name: 'photos', method: 'SwAV', clusters: list },
      scores: [{ name: 'NMI', value: 0.842 }],
      loss: { steps: curve.steps, values: curve.loss },
    },
    b: {
      ...{ name, method: 'patch features', clusters: list },
      scores: [{ name: 'NMI', value: 0.797 }],
    },
    common: images,
    matrix,
    matches: list.map(({ cluster }, i) => ({ a: cluster, b: cluster, images: matrix[i]![i]! })),
    nmi: 0.87,
    ari: 0.83,
    moved: moved.slice(0, 10_000),
    movedTotal: moved.length,
  };
}
