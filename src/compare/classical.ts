/** Classical clusterings of raw pixels, without learned features. */
import type { Engine } from '../backends/index.ts';
import {
  agglomerativeClusters,
  type Features,
  kmeans,
  nmf,
  principal,
  selectRows,
  spectralClusters,
} from '../cluster/index.ts';
import { beginStage } from '../core/stage.ts';
import { splitOf } from '../evaluate/index.ts';
import { clusterAgreement } from '../metrics/index.ts';
import type { ClusterFigures, Figures } from './comparison.ts';
import { type Bench, labeledRows, type MeasuredFeatures } from './measure.ts';

interface Work {
  readonly engine: Engine;
  readonly k: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Begins a stage of progress, with a total where it is known. */
  count(text: string, total?: number): (done: number) => void;
}

interface Classical {
  /** Sentence that tells the algorithm and its parameters. */
  readonly protocol: string;
  clusters(features: Features, work: Work): Promise<Int32Array>;
}

const RESTARTS = 5;
const COMPONENTS = 64;
const SAMPLE = 3000;
const NEIGHBORS = 20;
const NMF_ITERATIONS = 200;
const AXIS_ITERATIONS = 12;

async function euclidean(
  features: Features,
  { engine, k, seed, signal, count }: Work,
): Promise<Int32Array> {
  const onProgress = count('k-means');
  const options = { engine, restarts: RESTARTS, seed, onProgress, signal };
  return (await kmeans(features, k, options)).assignments;
}

export const classicalNames = ['kmeans', 'spectral', 'agglomerative', 'nmf', 'pca'] as const;
export type ClassicalName = (typeof classicalNames)[number];

const methods: Readonly<Record<ClassicalName, Classical>> = {
  kmeans: {
    protocol: `Euclidean k-means, k-means++ start, best objective of ${RESTARTS}`,
    clusters: euclidean,
  },
  spectral: {
    protocol:
      `graph of ${NEIGHBORS} neighbors by cosine, self-tuning weights, leading eigenvectors of ` +
      'the normalized affinity, k-means on their rows',
    clusters(features, { k, count, ...work }) {
      count('graph and eigenvectors');
      return spectralClusters(features, k, { ...work, neighbors: NEIGHBORS });
    },
  },
  agglomerative: {
    protocol:
      `Ward's criterion on a seeded sample of at most ${SAMPLE} images, each other image to ` +
      'the nearest mean',
    clusters(features, { k, count, ...work }) {
      count('merging clusters');
      return agglomerativeClusters(features, k, { ...work, sample: SAMPLE });
    },
  },
  nmf: {
    protocol:
      `non-negative matrix factorization with one component per class, ${NMF_ITERATIONS} ` +
      'multiplicative updates, Euclidean k-means on the weights',
    async clusters(features, work) {
      const { engine, k: rank, seed, signal, count } = work;
      const { weights } = await nmf(engine, features, {
        rank,
        iterations: NMF_ITERATIONS,
        seed,
        onProgress: count('factorization', NMF_ITERATIONS),
        signal,
      });
      return euclidean(weights, work);
    },
  },
  pca: {
    protocol: `${COMPONENTS} principal components, Euclidean k-means`,
    async clusters(features, work) {
      const { engine, seed, count } = work;
      const onProgress = count('principal components', AXIS_ITERATIONS);
      const options = { components: COMPONENTS, iterations: AXIS_ITERATIONS, seed, onProgress };
      return euclidean(await principal(engine, features, options), work);
    },
  },
};

/**
 * Scores one classical clustering of pixels, on the test images and on all; there is no classifier.
 */
export async function measureClassical(
  engine: Engine,
  { set, seed, reporter }: Bench,
  name: ClassicalName,
  pixels: Features,
): Promise<MeasuredFeatures> {
  const { clusters, protocol } = methods[name];
  const { signal } = reporter;
  const count: Work['count'] = (text, total) =>
    beginStage(reporter, {
      ...{ stage: 'measure', text: `${name} on raw pixels: ${text}`, unit: 'step' },
      ...(total !== undefined && { total }),
    });
  const all = labeledRows(set);
  const { test, origin } = splitOf(set.labels, set.split, { seed, contents: set.contents });
  const agreement = async (rows: Int32Array): Promise<ClusterFigures> => {
    const labels = Int32Array.from(rows, (row) => set.labels[row]!);
    const k = new Set(labels).size;
    const found = await clusters(selectRows(pixels, rows), { engine, k, seed, signal, count });
    return clusterAgreement(labels, found);
  };
  const trainAndTest = await agreement(all);
  const onTest = origin === 'source' ? await agreement(test) : trainAndTest;
  const figures: Figures = { ...onTest, knn: null, knn20: null, linear: null, trainAndTest };
  return { figures, protocol: { features: protocol } };
}
