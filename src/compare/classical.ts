/** Classical clusterings of raw pixels, without learned features. */
import type { Engine } from '../backends/index.ts';
import {
  agglomerativeClusters,
  binaryGraph,
  euclideanNeighbors,
  type Features,
  kmeans,
  mutualNeighborClusters,
  type NmfOptions,
  nmf,
  normalizeRows,
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
/** Neighbors and weight of the graph's term, as in its paper. */
const GRAPH_NEIGHBORS = 5;
const LOCALITY = 100;
const AXIS_ITERATIONS = 12;

async function euclidean(
  features: Features,
  { engine, k, seed, signal, count }: Work,
): Promise<Int32Array> {
  const onProgress = count('k-means');
  const options = { engine, restarts: RESTARTS, seed, onProgress, signal };
  return (await kmeans(features, k, options)).assignments;
}

/** K-means on the weights of a factorization with one component per class. */
async function factorized(
  features: Features,
  work: Work,
  term: Pick<NmfOptions, 'graph' | 'locality'> = {},
): Promise<Int32Array> {
  const { engine, k: rank, seed, signal, count } = work;
  const { weights } = await nmf(engine, features, {
    ...term,
    rank,
    iterations: NMF_ITERATIONS,
    seed,
    onProgress: count('factorization', NMF_ITERATIONS),
    signal,
  });
  return euclidean(weights, work);
}

export const classicalNames = [
  'kmeans',
  'spectral',
  'self-tuning',
  'agglomerative',
  'mutual-neighbors',
  'nmf',
  'graph-nmf',
  'pca',
] as const;
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
  'self-tuning': {
    protocol:
      `graph of ${NEIGHBORS} neighbors by Euclidean distance, self-tuning weights, leading ` +
      'eigenvectors of the normalized affinity, k-means on their rows',
    clusters(features, { k, count, ...work }) {
      count('graph and eigenvectors');
      return spectralClusters(features, k, {
        ...work,
        neighbors: NEIGHBORS,
        distance: 'euclidean',
      });
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
  'mutual-neighbors': {
    protocol:
      `pairs of the graph of ${NEIGHBORS} neighbors by Euclidean distance, joined in the order ` +
      'of their mutual ranks, on all images',
    clusters(features, { engine, k, signal, count }) {
      count('joining mutual neighbors');
      return mutualNeighborClusters(features, k, { engine, signal, neighbors: NEIGHBORS });
    },
  },
  nmf: {
    protocol:
      `non-negative matrix factorization with one component per class, ${NMF_ITERATIONS} ` +
      'multiplicative updates, Euclidean k-means on the weights',
    clusters: (features, work) => factorized(features, work),
  },
  'graph-nmf': {
    protocol:
      'non-negative matrix factorization of rows of norm 1 with one component per class, and a ' +
      `term for the graph of ${GRAPH_NEIGHBORS} neighbors with weight ${LOCALITY}, ` +
      `${NMF_ITERATIONS} multiplicative updates, Euclidean k-means on the weights`,
    async clusters(features, work) {
      const unit = normalizeRows(features);
      work.count('graph of neighbors');
      const near = await euclideanNeighbors(work.engine, unit, {
        k: Math.min(GRAPH_NEIGHBORS, unit.count - 1),
        signal: work.signal,
      });
      return factorized(unit, work, { graph: binaryGraph(near), locality: LOCALITY });
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
