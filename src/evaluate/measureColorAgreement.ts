/** Measures how far clusters of images follow color, on a draw of the images. */
import type { Engine } from '../backends/index.ts';
import {
  distinctRows,
  type Features,
  kmeans,
  nearestNeighbors,
  pickRows,
  type Rows,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { type PixelSet, pixelEncoder } from '../encoders/index.ts';
import type { NeighborLists } from '../metrics/index.ts';
import { type ColorAgreement, colorAgreement, colorFigures } from './colorAgreement.ts';

export interface ColorAgreementOptions {
  engine: Engine;
  cache: PixelSet['cache'];
  /** Cache index of each image, [N]. */
  indices: Uint32Array;
  /** Features of the images, [N, D]. */
  features: Features | Rows;
  /** Cluster of each image, [N]. Default: k-means of the drawn features with `k` clusters. */
  clusters?: Int32Array;
  k: number;
  /** Side of the evaluation view, in pixels. */
  size: number;
  seed?: number;
  workers?: number;
  /** Most images that are compared. */
  sample?: number;
  reporter?: Reporter;
}

/** Nearest images in color; fewer where clusters have few images. */
const NEIGHBORS = 10;
/** Starts of k-means, as in `evaluateFeatures`. */
const RESTARTS = 3;

/**
 * Compares clusters with k-means clusters of color histogram and raw pixels, as many on the same
 * drawn images. The same seed gives the same figures.
 */
export async function measureColorAgreement(
  options: ColorAgreementOptions,
): Promise<ColorAgreement> {
  const { engine, cache, indices, features, size, seed = 0, workers, sample = 2000 } = options;
  const { reporter = reporterOf() } = options;
  const { signal } = reporter;
  const count = Math.min(sample, indices.length);
  const rows = distinctRows(indices.length, count, randomAt(seed, 'colorSample')).sort();
  const images = { cache, indices: Uint32Array.from(rows, (row) => indices[row]!) };
  const own = await pickRows(features, rows); // [n, D]
  const given = options.clusters && Int32Array.from(rows, (row) => options.clusters![row]!);
  const k = Math.min(count, given ? new Set(given).size : options.k);
  const grouped = async (of: Features, seed: number) => {
    const options = { engine, metric: 'spherical', restarts: RESTARTS, seed, signal } as const;
    const { assignments } = await kmeans(of, k, options);
    onProgress(++done);
    return assignments;
  };
  const ofPixels = (name: 'colorHistogram' | 'rawPixels') =>
    pixelEncoder(name, { size, images: count }).embed(images, { workers, reporter });
  const colors = await ofPixels('colorHistogram'); // [n, 64]
  const near = Math.max(1, Math.min(NEIGHBORS, Math.floor(count / (2 * k))));
  const pixels = await ofPixels('rawPixels');
  let done = 0;
  const onProgress = beginStage(reporter, {
    ...{ stage: 'color', text: 'comparing the clusters with color', unit: 'clustering' },
    total: given ? 4 : 5,
  });
  const figures = colorFigures(
    {
      clusters: given ?? (await grouped(own, seed)),
      again: [await grouped(own, seed + 1), await grouped(own, seed + 2)],
      colorHistogram: await grouped(colors, seed),
      rawPixels: await grouped(pixels, seed),
      neighbors: await neighborsIn(engine, colors, near),
    },
    { seed },
  );
  return colorAgreement(figures, { property: isGray(colors) ? 'brightness' : 'color' });
}

/** Tells whether all pixels lie in cells of equal red, green and blue of histograms [n, bins³]. */
function isGray({ data, dimension }: Features): boolean {
  const bins = Math.round(Math.cbrt(dimension));
  const step = bins ** 2 + bins + 1;
  return data.every((share, at) => share === 0 || (at % dimension) % step === 0);
}

/** Finds the k nearest others of each row; none of a single row. */
async function neighborsIn(engine: Engine, features: Features, k: number): Promise<NeighborLists> {
  if (features.count < 2) return { k: 0, indices: [] };
  const { indices } = await nearestNeighbors(engine, features, features, { k, exclude: 'self' });
  return { k, indices };
}
