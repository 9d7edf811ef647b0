/**
 * Where the images lie among each other before, during and after training: a page per state of the encoder, coloured by
 * the clusters of that state, with their NMI where images have labels. The figure of "Contrastive Clustering" (Li et al.,
 * AAAI 2021, figure 5), for any run.
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
import type { PixelCache } from '../data/index.ts';
import { headClusters, type ImageEncoder, trainedEncoder, untrainedEncoder } from '../encoders/index.ts';
import { contingency, matchingOf, nmi } from '../metrics/index.ts';
import { snapshotsOf, type TrainedRun } from '../run/index.ts';
import type { ReportMap } from './data.ts';

export interface FeatureMapsInput {
  engine: Engine;
  run: TrainedRun;
  cache: PixelCache;
  /** Cache index of each clustered image, and the encoder's features of them. */
  indices: Uint32Array;
  features: Rows;
  clustering: Clustering;
  seed?: number;
}

/** Most images of a page, and fewest that say anything. */
const MOST = 1000;
const FEWEST = 30;
/** Most pages between the first and the last. */
const BETWEEN = 4;

/** The pages: before training, at the run's snapshots, and now. None where there are too few images. */
export async function featureMaps(
  input: FeatureMapsInput,
  reporter: Reporter = silent,
): Promise<ReportMap[]> {
  const { engine, run, cache, indices, features, clustering, seed = 0 } = input;
  if (indices.length < FEWEST) return [];
  const { settings } = run.config;
  const now = run.checkpoint.info.step;
  const count = Math.min(MOST, indices.length);
  const rows = distinctRows(indices.length, count, randomAt(seed, 'sample', 0, 0, 12)).sort();
  const drawn = Uint32Array.from(rows, (row) => indices[row]!);
  const labels = Int32Array.from(drawn, (index) => cache.entries[index]!.label ?? -1);
  const last = Int32Array.from(rows, (row) => clustering.assignment.assignments[row]!);

  async function page(title: string, of: Features, clusters: Int32Array): Promise<ReportMap> {
    reporter.progress({ stage: 'report', text: `drawing the features, ${title}` });
    reporter.signal.throwIfAborted();
    const places = await layout2d(engine, of, { seed });
    const labelled = [...labels.keys()].filter((row) => labels[row]! >= 0);
    const pick = (values: Int32Array) => Int32Array.from(labelled, (row) => values[row]!);
    return {
      title,
      places,
      clusters,
      ...(labelled.length > 0 && { nmi: nmi(pick(labels), pick(clusters)) }),
    };
  }
  async function earlier(title: string, open: () => Promise<ImageEncoder>): Promise<ReportMap> {
    reporter.progress({ stage: 'report', text: `drawing the features, ${title}` });
    const encoder = await open();
    try {
      const { workers } = settings;
      const of = await encoder.embed({ cache, indices: drawn }, { workers, reporter });
      const own = clustering.head && (await headClusters(encoder, of))?.assignments;
      const k = Math.min(clustering.k, count);
      const found =
        own ?? (await kmeans(of, k, { engine, metric: 'spherical', restarts: 2, seed })).assignments;
      return await page(title, of, namedLike(last, found));
    } finally {
      await encoder.close();
    }
  }

  const pages: ReportMap[] = [];
  const images = { cache, indices };
  pages.push(
    await earlier('before training', () => untrainedEncoder({ engine, settings, images, reporter })),
  );
  const snapshots = (await snapshotsOf(run.folder)).filter(({ step }) => step < now);
  for (const { step, load } of evenly(snapshots, BETWEEN)) {
    const state = await load();
    const open = () => trainedEncoder({ engine, settings, state });
    pages.push(await earlier(`after step ${step} of ${now}`, open));
  }
  pages.push(await page(`after step ${now}`, await pickRows(features, rows), last));
  return pages;
}

/** The same clusters under the numbers of those that they share most images with; others get numbers of their own. */
export function namedLike(reference: Int32Array, clusters: Int32Array): Int32Array {
  const { classOfCluster } = matchingOf(contingency(reference, clusters));
  let next = Math.max(...reference) + 1;
  const names = new Map(classOfCluster);
  for (const cluster of clusters) if (!names.has(cluster)) names.set(cluster, next++);
  return clusters.map((cluster) => names.get(cluster)!);
}

/** At most so many of the items, evenly spread, the first and last among them. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
