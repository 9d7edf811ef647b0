/** Scores of rows on a pretrained model: of heads, and of models that were trained further. */
import type { Engine } from '../backends/index.ts';
import { headClusters, type ImageEncoder } from '../encoders/index.ts';
import { effectiveRank, featureDeviation, usage } from '../evaluate/index.ts';
import { clusterAgreement } from '../metrics/index.ts';
import type { Figures } from './comparison.ts';
import {
  type Bench,
  clusteredRows,
  curvePointOf,
  type MeasuredEncoder,
  measureFeatures,
  numbersOf,
} from './measure.ts';

interface RowOptions {
  readonly encoder: ImageEncoder;
  readonly workers: number;
}

/**
 * Measures the clusters of a head. kNN and linear accuracies are those of the model's features.
 *
 * Without labels only the use of the clusters is measured, because heads on one model share its
 * features.
 *
 * @param features figures of the model's features; absent without labels
 */
export async function measureHead(
  bench: Bench,
  { encoder, workers, features }: RowOptions & { features: Figures | undefined },
): Promise<MeasuredEncoder> {
  const { cache, set, seed, reporter } = bench;
  const rows = await encoder.embed({ cache, indices: set.indices }, { workers, reporter });
  reporter.progress({ stage: 'measure', text: `measuring ${encoder.title}` });
  const { assignments, count } = (await headClusters(encoder, rows))!;
  const labelFree = numbersOf(usage(assignments, count), 'clusterUsage.');
  if (!features) return { labelFree };
  const { test, all } = clusteredRows(set, seed);
  const of = (chosen: Int32Array) => clusterAgreement(set.labels, assignments, { rows: chosen });
  return { figures: { ...features, ...of(test), trainAndTest: of(all) }, labelFree };
}

/**
 * Measures the features of a model that was trained further.
 *
 * View agreement is left out: the views of the model are others than those of networks from
 * scratch, with which it would be compared.
 */
export async function measureFineTuned(
  engine: Engine,
  bench: Bench,
  { encoder, workers }: RowOptions,
): Promise<MeasuredEncoder> {
  const { cache, set, seed, reporter } = bench;
  const rows = await encoder.embed({ cache, indices: set.indices }, { workers, reporter });
  reporter.progress({ stage: 'measure', text: `measuring ${encoder.title}` });
  const labelFree = {
    featureDeviation: featureDeviation(rows),
    ...numbersOf(await effectiveRank(engine, rows, { seed }), 'effectiveRank.'),
  };
  if (set.classes === 0) return { labelFree };
  const heads = (await headClusters(encoder, rows))?.assignments;
  return {
    ...(await measureFeatures(engine, bench, rows, { heads })),
    labelFree,
    point: await curvePointOf(engine, bench, rows),
  };
}
