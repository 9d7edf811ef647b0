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

export interface LayoutAllOptions {
  /** Rows that are laid out by their neighbor graph. Default 20,000. */
  readonly sample?: number;
  /** Seed of all random draws. Default 0. */
  readonly seed?: number;
  onProgress?(text: string, done: number, total: number): void;
}

/** Neighbors among the laid out rows that place any other row. */
const NEIGHBORS = 5;
/** Exponent of the cosines in the weights of those neighbors. */
const SHARPNESS = 16;
/** Largest random shift of a placed row, so that equal images do not hide each other. */
const JITTER = 0.004;

/**
 * Lays out rows [N, D] of length 1, [N, 2] in -1 to 1.
 *
 * A sample is laid out by UMAP on its exact neighbor graph. Each other row is placed at the mean of
 * its nearest rows of the sample, weighted by `cosine^16`. The same rows and seed give the same
 * positions.
 */
export async function layoutAll(
  engine: Engine,
  features: Rows,
  { sample: most = 20_000, seed = 0, onProgress = () => {} }: LayoutAllOptions = {},
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
      seed,
      onProgress: (done, of) => onProgress('laying out the map', done, of),
    }),
  );
  if (size === count) return laid;
  const places = new Float32Array(2 * count);
  const draw = randomAt(seed, 'layout2d');
  for await (const { start, rows: part, data } of partsOf(features)) {
    const queries: Features = { data: data.subarray(0, part * dimension), count: part, dimension };
    const near = await nearestNeighbors(engine, queries, sample, { k: NEIGHBORS });
    for (let i = 0; i < part; i++) {
      let [x, y, total] = [0, 0, 0];
      for (let j = 0; j < near.k; j++) {
        const at = i * near.k + j;
        const weight = Math.max(1e-6, near.similarities[at]!) ** SHARPNESS;
        x += weight * laid[2 * near.indices[at]!]!;
        y += weight * laid[2 * near.indices[at]! + 1]!;
        total += weight;
      }
      places[2 * (start + i)] = x / total + draw.uniform(-JITTER, JITTER);
      places[2 * (start + i) + 1] = y / total + draw.uniform(-JITTER, JITTER);
    }
    onProgress('placing the other images', start + part, count);
  }
  for (const [i, row] of rows.entries()) {
    places[2 * row] = laid[2 * i]!;
    places[2 * row + 1] = laid[2 * i + 1]!;
  }
  return fitted(places);
}
