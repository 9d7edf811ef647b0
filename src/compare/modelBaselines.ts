/** Baselines of a pretrained model: k-means and smoothed k-means on its features. */
import type { Engine } from '../backends/index.ts';
import { type ClusterAlgorithm, clusterAlgorithms, type Features } from '../cluster/index.ts';
import { featureEncoder, type ImageEncoder, type ModelFile } from '../encoders/index.ts';
import { kmeansAgreement } from '../evaluate/index.ts';
import type { BaselineStore } from './baselines.ts';
import type { Baseline, Figures } from './comparison.ts';
import { type Bench, clusteredRows, type MeasuredEncoder, measureFeatures } from './measure.ts';
import { summarizeFigures } from './summary.ts';

/** Baselines by their names in compare.json, and the figures of the features themselves. */
export interface ModelBaselines {
  readonly baselines: Readonly<Record<string, Baseline>>;
  readonly figures: Figures;
}

/** Name in compare.json, name for people, and protocol of each clustering. */
const clusterings: Readonly<
  Record<ClusterAlgorithm, { id: string; title: string; protocol: string }>
> = {
  kmeans: { id: 'modelKmeans', title: 'k-means', protocol: 'spherical k-means' },
  'smoothed-kmeans': {
    id: 'modelSmoothedKmeans',
    title: 'smoothed k-means',
    protocol:
      'spherical k-means on features that are averaged with their nearest neighbors, as `cluster` ' +
      'makes clusters of a pretrained model where no head is trained',
  },
};

export interface ModelBaselineOptions {
  /** Bench whose images are cached in the size that the model needs. */
  readonly bench: Bench;
  readonly model: ModelFile;
  /** Seeds of k-means: those of the heads. */
  readonly seeds: readonly number[];
  readonly workers: number;
  /** Identity of images and protocol. */
  readonly key: string;
}

/**
 * Measures the features of a model, and clusters of them by each algorithm and seed.
 *
 * kNN and linear accuracies belong to the features, so that all rows of the model share them.
 */
export async function modelBaselines(
  store: BaselineStore,
  { bench, model, seeds, workers, key }: ModelBaselineOptions,
): Promise<ModelBaselines> {
  const { reporter, cache, set } = bench;
  const { settings, tensors } = model;
  const { model: name, sha256, input, output } = settings;
  const own = `${key} ${JSON.stringify({ sha256, input, output })}`;
  let features: Features | undefined;
  const featuresBy = async (engine: Engine): Promise<Features> => {
    if (features) return features;
    const encoder: ImageEncoder = await featureEncoder({ name: 'model', settings }).open({
      ...{ engine, size: input.size, tensors },
    });
    try {
      features = await encoder.embed({ cache, indices: set.indices }, { workers, reporter });
      return features;
    } finally {
      await encoder.close();
    }
  };
  reporter.progress({ stage: 'measure', text: `measuring ${name}` });
  const first = await store.recall(`${name} features`, own, async (engine) => {
    const rows = await featuresBy(engine);
    const { figures, protocol } = await measureFeatures(engine, bench, rows, { title: name });
    return { figures, protocol, labelFree: {} };
  });
  const figures = first.figures!;
  const baselines: Record<string, Baseline> = {};
  for (const algorithm of clusterAlgorithms) {
    const { id, title, protocol } = clusterings[algorithm];
    const measured: MeasuredEncoder[] = [];
    for (const seed of seeds) {
      reporter.progress({ stage: 'measure', text: `${name}, ${title}, seed ${seed}` });
      const known = await store.recall(`${name} ${title} seed ${seed}`, own, async (engine) => {
        const rows = await featuresBy(engine);
        const clusters = await agreements(engine, { bench, features: rows, algorithm, seed });
        return { figures: { ...figures, ...clusters }, labelFree: {} };
      });
      measured.push(known);
    }
    baselines[id] = {
      name: `${name}, ${title}`,
      protocol:
        `${protocol}, best objective of 3, on features of ${name}; seeds of k-means ` +
        seeds.join(', '),
      ...summarizeFigures(measured.flatMap(({ figures: found }) => (found ? [found] : []))),
    };
  }
  return { baselines, figures };
}

/** Agreement of clusters of the test images, and of all, with classes. */
async function agreements(
  engine: Engine,
  options: { bench: Bench; features: Features; algorithm: ClusterAlgorithm; seed: number },
): Promise<Pick<Figures, 'nmi' | 'acc' | 'ari' | 'trainAndTest'>> {
  const { bench, features, algorithm, seed } = options;
  const { set, k, reporter } = bench;
  const { labels } = set;
  const { test, all } = clusteredRows(set, bench.seed);
  const of = (rows: Int32Array) =>
    kmeansAgreement(engine, features, labels, {
      ...{ rows, algorithm, seed, signal: reporter.signal },
      k: k ?? new Set(Array.from(rows, (row) => labels[row]!)).size,
    });
  const onTest = await of(test);
  return { ...onTest, trainAndTest: test === all ? onTest : await of(all) };
}
