/** Two-dimensional layout of any number of features. */
import type { Engine } from '../backends/index.ts';
import {
  distinctRows,
  type Features,
  layout2d,
  nearestNeighbors,
  partsOf,
  pickRows,
  type Rows,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { fitted } from './layoutFile.ts';
import { placeByNeighbors, radiusOf } from './placeByNeighbors.ts';

export interface LayoutAllOptions {
  /** Rows that are laid out by their neighbor graph. Default 20,000. */
  readonly sample?: number;
  /** Seed of all random draws. Default 0. */
  readonly seed?: number;
  onProgress?(text: string, done: number, total: number): void;
  signal?: AbortSignal;
}

/** Neighbors among the laid out rows that place any other row. */
const NEIGHBORS = 5;
/** Rows of the sample by which the usual distance of neighbors in the plane is measured. */
const MEASURED = 1000;
/** Largest random shift of a placed row, so that equal images do not hide each other. */
const JITTER = 0.004;

/**
 * Lays out rows [N, D] of length 1, [N, 2] in -1 to 1.
 *
 * A sample is laid out by UMAP on its exact neighbor graph. Each other row is placed among those of
 * its five nearest rows of the sample that lie together. The same rows and seed give the same
 * positions.
 */
export async function layoutAll(
  engine: Engine,
  features: Rows,
  { sample: most = 20_000, seed = 0, onProgress = () => {}, signal }: LayoutAllOptions = {},
): Promise<Float32Array> {
  const { count, dimension } = features;
  const size = Math.min(most, count);
  const rows =
    size === count
      ? Int32Array.from({ length: count }, (_, i) => i)
      : Int32Array.from(distinctRows(count, size, randomAt(seed, 'featureMap'))).sort();
  onProgress('finding neighbors for the map', 0, 1);
  const sample = await pickRows(features, rows);
  const laid = fitted(
    await layout2d(engine, sample, {
      ...{ seed, ...(signal && { signal }) },
      onProgress: (done, of) => onProgress('laying out the map', done, of),
    }),
  );
  if (size === count) return laid;
  const places = new Float32Array(2 * count);
  const draw = randomAt(seed, 'layout2d');
  const radius = await usualRadius(engine, sample, laid);
  for await (const { start, rows: part, data } of partsOf(features)) {
    const queries: Features = { data: data.subarray(0, part * dimension), count: part, dimension };
    const near = await nearestNeighbors(engine, queries, sample, { k: NEIGHBORS });
    for (let i = 0; i < part; i++) {
      const [x, y] = placeByNeighbors(laid, near, i, radius);
      places[2 * (start + i)] = x + draw.uniform(-JITTER, JITTER);
      places[2 * (start + i) + 1] = y + draw.uniform(-JITTER, JITTER);
    }
    onProgress('placing the other images', start + part, count);
    signal?.throwIfAborted();
  }
  for (const [i, row] of rows.entries()) {
    places[2 * row] = laid[2 * i]!;
    places[2 * row + 1] = laid[2 * i + 1]!;
  }
  return fitted(places);
}

/** Radius of neighbors that belong together, measured on evenly chosen rows of the sample. */
async function usualRadius(engine: Engine, sample: Features, laid: Float32Array): Promise<number> {
  const { count, dimension, data } = sample;
  const stride = Math.ceil(count / MEASURED);
  const rows = Int32Array.from({ length: Math.ceil(count / stride) }, (_, i) => i * stride);
  const own = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) {
    own.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  const queries: Features = { data: own, count: rows.length, dimension };
  // A row finds itself, too.
  const near = await nearestNeighbors(engine, queries, sample, { k: NEIGHBORS + 1 });
  return radiusOf(laid, rows, near);
}
