/**
 * Features as points on a page, near ones near: UMAP on the exact cosine neighbours.
 *
 * Source: McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018 (arXiv:1802.03426);
 * the layout is that of the package umap-js, the graph of neighbours and the random numbers are ours, so that the same features
 * and seed give the same points. Distances on the page between far groups mean nothing.
 */
import { UMAP } from 'umap-js';
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { type Features, normalizeRows } from './features.ts';
import { nearestNeighbors } from './neighbors.ts';
import { principal } from './principal.ts';

export interface LayoutOptions {
  /** Neighbours that an image is tied to, itself among them. */
  neighbors?: number;
  /** How near points may come to each other, in units of the page's typical distance. */
  minDistance?: number;
  /** Passes over all ties. */
  epochs?: number;
  seed?: number;
}

/** Below this many images there are too few neighbours to lay out by, and two principal components are drawn. */
const ENOUGH = 30;

/** Places `[N, 2]` of the rows of features `[N, D]`, in no particular unit. */
export async function layout2d(
  engine: Engine,
  features: Features,
  { neighbors: neighbours = 15, minDistance = 0.1, epochs = 200, seed = 0 }: LayoutOptions = {},
): Promise<Float32Array> {
  const { count: N } = features;
  if (!Number.isInteger(neighbours) || neighbours < 3 || neighbours >= ENOUGH) {
    throw new LikenessError(
      'layout.neighbours',
      `neighbours: received ${neighbours}; expected a whole number from 3 to ${ENOUGH - 1}`,
    );
  }
  const unit = normalizeRows(features);
  if (N < ENOUGH) return ofComponents(engine, unit, seed);
  const near = await nearestNeighbors(engine, unit, unit, { k: neighbours - 1, exclude: 'self' });
  const rows = Array.from({ length: N }, (_, i) => i);
  const part = <T>(i: number, of: (at: number) => T) =>
    Array.from({ length: near.k }, (_, j) => of(i * near.k + j));
  const random = randomAt(seed, 'sample', 0, 0, 11);
  const umap = new UMAP({
    nNeighbors: neighbours,
    minDist: minDistance,
    nEpochs: epochs,
    random: () => random.uniform(0, 1),
  });
  umap.setPrecomputedKNN(
    rows.map((i) => [i, ...part(i, (at) => near.indices[at]!)]),
    rows.map((i) => [0, ...part(i, (at) => Math.max(0, 1 - near.similarities[at]!))]),
  );
  // The graph is given; of the rows themselves only their number counts.
  const places = umap.fit(rows.map((i) => [i]));
  return Float32Array.from(places.flat());
}

async function ofComponents(engine: Engine, unit: Features, seed: number): Promise<Float32Array> {
  const places = new Float32Array(unit.count * 2);
  if (unit.count < 2) return places;
  const { data, dimension: P } = await principal(engine, unit, { components: 2, seed });
  for (let i = 0; i < unit.count; i++) for (let d = 0; d < P; d++) places[2 * i + d] = data[i * P + d]!;
  return places;
}
