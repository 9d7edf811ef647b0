/**
 * Two-dimensional layouts of features before, during and after training.
 *
 * One map per state of the encoder, with the clusters of that state and their NMI where images have
 * labels, as in figure 5 of "Contrastive Clustering" (Li et al., AAAI 2021), for any method. An
 * encoder without training has one state.
 */
import type { Engine } from '../backends/index.ts';
import {
  type Clustering,
  distinctRows,
  type Features,
  kmeans,
  layout2d,
  pickRows,
  type Rows,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import type { PixelCache } from '../data/index.ts';
import {
  headClusters,
  type ImageEncoder,
  trainedEncoder,
  untrainedEncoder,
} from '../encoders/index.ts';
import { contingency, matchingOf, nmi } from '../metrics/index.ts';
import {
  type FeatureMap,
  type FeatureMaps,
  type Run,
  snapshotsOf,
  type TrainedRun,
} from '../run/index.ts';

export interface FeatureMapsInput {
  engine: Engine;
  run: Run;
  cache: PixelCache;
  /** Cache index of each clustered image. */
  indices: Uint32Array;
  /** Features of the images by the run's encoder. */
  features: Rows;
  clustering: Clustering;
  seed?: number;
}

/** Step of training with its title. */
type Moment = Pick<FeatureMap, 'title' | 'step'>;

/** Largest number of images on a map, and smallest for which maps are made. */
const MAX_IMAGES = 1000;
const MIN_IMAGES = 30;
/** Passes over the graph of a map. */
const EPOCHS = 200;
/** Largest number of maps between the first and the last. */
const MAX_BETWEEN = 4;

/**
 * Lays out features before training, at the run's snapshots, and now, or once for an encoder
 * without training. No maps of fewer than 30 images.
 */
export async function featureMaps(
  input: FeatureMapsInput,
  reporter: Reporter = silent,
): Promise<FeatureMaps> {
  const { engine, run, cache, indices, features, clustering, seed = 0 } = input;
  if (indices.length < MIN_IMAGES) return { ids: [], maps: [] };
  const count = Math.min(MAX_IMAGES, indices.length);
  const rows = distinctRows(indices.length, count, randomAt(seed, 'featureMap')).sort();
  const drawn = Uint32Array.from(rows, (row) => indices[row]!);
  const labels = Int32Array.from(drawn, (index) => cache.entries[index]!.label ?? -1);
  const last = Int32Array.from(rows, (row) => clustering.assignment.assignments[row]!);

  async function mapOf(moment: Moment, of: Features, clusters: Int32Array): Promise<FeatureMap> {
    const text = `laying out the features ${moment.title}`;
    const onProgress = beginStage(reporter, {
      stage: 'report',
      text,
      total: EPOCHS,
      unit: 'iteration',
    });
    const { signal } = reporter;
    signal.throwIfAborted();
    const places = await layout2d(engine, of, { seed, epochs: EPOCHS, onProgress, signal });
    const labelled = [...labels.keys()].filter((row) => labels[row]! >= 0);
    const pick = (values: Int32Array) => Int32Array.from(labelled, (row) => values[row]!);
    return {
      ...moment,
      places,
      clusters,
      ...(labelled.length > 0 && { nmi: nmi(pick(labels), pick(clusters)) }),
    };
  }
  async function earlier({ moment, open }: EarlierState): Promise<FeatureMap> {
    reporter.progress({ stage: 'report', text: `features ${moment.title}` });
    const encoder = await open();
    try {
      const { workers } = run.view;
      const of = await encoder.embed({ cache, indices: drawn }, { workers, reporter });
      const own = clustering.head && (await headClusters(encoder, of))?.assignments;
      const k = Math.min(clustering.k, count);
      const found =
        own ??
        (await kmeans(of, k, { engine, metric: 'spherical', restarts: 2, seed })).assignments;
      return await mapOf(moment, of, namedLike(last, found));
    } finally {
      await encoder.close();
    }
  }

  const maps: FeatureMap[] = [];
  // The features of a pretrained model do not change while its head is trained.
  const isTrained = run.kind === 'trained' && !run.config.base;
  if (isTrained) {
    for await (const state of earlierStates(run, input, reporter)) maps.push(await earlier(state));
  }
  const { step } = run;
  const title = isTrained ? `after step ${step}` : 'now';
  maps.push(await mapOf({ title, step }, await pickRows(features, rows), last));
  return { ids: Array.from(drawn, (index) => cache.entries[index]!.id), maps };
}

/** State of the encoder before now. */
interface EarlierState {
  moment: Moment;
  open(): Promise<ImageEncoder>;
}

/** Yields the untrained encoder and those of the run's snapshots. */
async function* earlierStates(
  { config, folder, view: { input: view }, step: now }: TrainedRun,
  { engine, cache, indices }: Pick<FeatureMapsInput, 'engine' | 'cache' | 'indices'>,
  reporter: Reporter,
): AsyncGenerator<EarlierState> {
  const { settings } = config;
  const images = { cache, indices };
  yield {
    moment: { title: 'before training', step: 0 },
    open: () => untrainedEncoder({ engine, settings, images, view, reporter }),
  };
  const snapshots = (await snapshotsOf(folder, config)).filter(({ step }) => step < now);
  for (const { step, load } of evenly(snapshots, MAX_BETWEEN)) {
    const state = await load();
    yield {
      moment: { title: `after step ${step} of ${now}`, step },
      open: () => trainedEncoder({ engine, settings, state, view }),
    };
  }
}

/**
 * Renumbers clusters as those of `reference` that they match best; unmatched ones get new numbers.
 */
export function namedLike(reference: Int32Array, clusters: Int32Array): Int32Array {
  const { classOfCluster } = matchingOf(contingency(reference, clusters));
  let next = Math.max(...reference) + 1;
  const names = new Map(classOfCluster);
  for (const cluster of clusters) if (!names.has(cluster)) names.set(cluster, next++);
  return clusters.map((cluster) => names.get(cluster)!);
}

/** Picks at most `most` items, evenly spread, with the first and the last. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from(
    { length: most },
    (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!,
  );
}
