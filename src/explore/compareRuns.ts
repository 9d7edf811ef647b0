/** Comparison of two runs on the images that both have clustered. */

import { LikenessError } from '../core/errors.ts';
import { mainScores } from '../evaluate/index.ts';
import { adjustedRandOf, contingency, denseTable, matchingOf, nmiOf } from '../metrics/index.ts';
import {
  isMissing,
  openRunFolder,
  type RunFolder,
  readEditedClusters,
  readEvaluationIfValid,
  readRunConfig,
} from '../run/index.ts';
import type { OpenedRun } from './openedRun.ts';
import type { CompareAnswer, ComparedRun } from './protocol.ts';
import { readTraining } from './training.ts';

/** Most images whose company has changed that are listed. */
const MAX_MOVED = 10_000;

/**
 * Compares the clusters of the opened run with those of another.
 *
 * @throws LikenessError `clusters.missing` where one is not clustered, `compare.images` where they
 * have no image in common
 */
export async function compareRuns(run: OpenedRun, other: string): Promise<CompareAnswer> {
  if (!run.clusters || !run.folder) {
    throw new LikenessError('explore.noClusters', 'The opened run is not clustered yet.');
  }
  const folder = await openRunFolder(other);
  const found = await readEditedClusters(folder);
  const rowOfOther = new Map(found.images.map(({ path }, row) => [path, row]));
  const edited = run.clusters.edits.current();
  const rows = run.ids.flatMap((id, row) => {
    const there = rowOfOther.get(id);
    const isJunk =
      edited.clusters[row]! < 0 || (there !== undefined && found.edited.clusters[there]! < 0);
    return there === undefined || isJunk ? [] : [row];
  });
  if (rows.length === 0) {
    throw new LikenessError(
      'compare.images',
      `run: ${folder.name} and ${run.name} have no clustered image in common. Choose runs of the ` +
        'same images.',
    );
  }
  const inA = Int32Array.from(rows, (row) => edited.clusters[row]!);
  const inB = Int32Array.from(
    rows,
    (row) => found.edited.clusters[rowOfOther.get(run.ids[row]!)!]!,
  );
  const table = contingency(inA, inB);
  const { classOfCluster } = matchingOf(table);
  const dense = denseTable(table);
  const moved = rows.flatMap((row, i) =>
    classOfCluster.get(inB[i]!) === inA[i]! ? [] : [{ row, a: inA[i]!, b: inB[i]! }],
  );
  const sizes = (
    all: readonly number[],
    counts: Float64Array,
    names: ReadonlyMap<number, string>,
  ) =>
    all.map((cluster, i) => {
      const name = names.get(cluster);
      return { cluster, size: counts[i]!, ...(name !== undefined && { name }) };
    });
  return {
    a: await describe(run.folder, sizes(table.classes, table.classSizes, edited.names)),
    b: await describe(folder, sizes(table.clusters, table.clusterSizes, found.edited.names)),
    common: rows.length,
    matrix: dense.map((counts) => [...counts]),
    matches: [...classOfCluster].map(([b, a]) => ({
      ...{ a, b },
      images: dense[table.classes.indexOf(a)]![table.clusters.indexOf(b)]!,
    })),
    nmi: nmiOf(table),
    ari: adjustedRandOf(table),
    moved: moved.slice(0, MAX_MOVED),
    movedTotal: moved.length,
  };
}

async function describe(
  folder: RunFolder,
  clusters: ComparedRun['clusters'],
): Promise<ComparedRun> {
  const config = await readRunConfig(folder);
  const evaluation = await readEvaluationIfValid(folder.files.evaluation);
  const training =
    config.kind === 'trained'
      ? await readTraining(folder, config.settings.data.batchSize).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        })
      : undefined;
  const scores = mainScores.flatMap((column) => {
    const { title } = column;
    const value = evaluation && column.value(evaluation);
    return typeof value === 'number' ? [{ name: title, value }] : [];
  });
  return {
    name: folder.name,
    method: config.kind === 'trained' ? config.settings.method.name : config.encoder.name,
    ...{ clusters, scores },
    ...(training && { loss: { steps: training.steps, values: training.loss } }),
  };
}
