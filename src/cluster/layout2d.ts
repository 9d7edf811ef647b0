/**
 * Two-dimensional map of features: UMAP on exact nearest neighbors by cosine.
 *
 * The same features and seed give the same points. Nearby points have similar features; distances
 * between distant groups are not meaningful.
 */
import { setImmediate } from 'node:timers/promises';
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  abortSignal,
  callback,
  checkedLater,
  numberFrom,
  optionCheck,
  wholeNumber,
} from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { type Features, normalizeRows } from './features.ts';
import { nearestNeighbors } from './neighbors.ts';
import { principal } from './principal.ts';
import { curveOf, fuzzyGraph, layoutGraph } from './umap.ts';

export interface LayoutOptions {
  /** Nearest neighbors in the graph, the row itself included. Default 15. */
  neighbors?: number;
  /** Smallest distance between points, in units of the layout. Default 0.1. */
  minDistance?: number;
  /** Passes over all edges of the graph. Default 200. */
  epochs?: number;
  /** Seed of all random draws. Default 0. */
  seed?: number;
  /**
   * Coordinates [N, 2] of an earlier layout of the same rows, from which the passes start. The rows
   * then move from there, instead of finding other places in each layout. Default: the two leading
   * principal components.
   */
  start?: Float32Array;
  /** Receives the number of finished passes. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkLayout = optionCheck<LayoutOptions>({
  neighbors: checkedLater,
  minDistance: numberFrom(0),
  epochs: wholeNumber(1),
  seed: wholeNumber(0),
  start: checkedLater,
  onProgress: callback,
  signal: abortSignal,
});

/** Passes without a turn for other work. */
const PASSES_AT_ONCE = 10;
/** Learning rate from an earlier layout, with which rows move no farther than they have to. */
const CAREFUL_RATE = 0.25;
/** Fewest rows for UMAP. Below, the map shows two principal components. */
const MIN_ROWS = 30;

/**
 * Computes coordinates `[N, 2]` of features `[N, D]`, in arbitrary units.
 *
 * Throws `LikenessError` when `neighbors` is not an integer from 3 to 29, or `start` has not two
 * finite numbers for each row.
 */
export async function layout2d(
  engine: Engine,
  features: Features,
  options: LayoutOptions = {},
): Promise<Float32Array> {
  checkLayout(options);
  const { neighbors = 15, minDistance = 0.1, epochs = 200, seed = 0 } = options;
  const { start, onProgress, signal } = options;
  const { count: N } = features;
  if (!Number.isInteger(neighbors) || neighbors < 3 || neighbors >= MIN_ROWS) {
    throw new LikenessError(
      'layout.neighbors',
      `neighbors: received ${neighbors}; expected a whole number from 3 to ${MIN_ROWS - 1}`,
    );
  }
  if (start && (start.length !== 2 * N || !start.every(Number.isFinite))) {
    throw new LikenessError(
      'layout.start',
      `start: received ${start.length} numbers; expected ${2 * N} finite ones, two for each row`,
    );
  }
  const unit = normalizeRows(features);
  if (N < MIN_ROWS) return principalLayout(engine, unit, seed);
  const near = await nearestNeighbors(engine, unit, unit, {
    ...{ k: neighbors - 1, exclude: 'self' },
    onProgress: () => signal?.throwIfAborted(),
  });
  const graph = fuzzyGraph({
    ...{ count: N, k: near.k, indices: near.indices },
    distances: near.similarities.map((similarity) => Math.max(0, 1 - similarity)),
  });
  signal?.throwIfAborted();
  const random = randomAt(seed, 'layout2d');
  const first = spread(start ?? (await principalLayout(engine, unit, seed)));
  // Rows with equal features begin beside each other, because nothing parts equal places.
  const places = start ? first : first.map((value) => value + random.uniform(-JITTER, JITTER));
  const layout = layoutGraph(graph, places, {
    ...{ curve: curveOf(minDistance), passes: epochs, rate: start ? CAREFUL_RATE : 1, random },
  });
  for (let pass = 1; pass <= epochs; pass++) {
    layout.pass();
    if (pass % PASSES_AT_ONCE !== 0 && pass < epochs) continue;
    onProgress?.(pass, epochs);
    await setImmediate(); // so that signals and timers get a turn
    signal?.throwIfAborted();
  }
  return places;
}

/** Largest coordinate before the first pass, and largest shift of a row there. */
const REACH = 10;
const JITTER = 0.05;

/** Scales coordinates so that the largest is `REACH`. */
function spread(places: Float32Array): Float32Array {
  const most = places.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return places.map((value) => (value * REACH) / most);
}

async function principalLayout(
  engine: Engine,
  unit: Features,
  seed: number,
): Promise<Float32Array> {
  const places = new Float32Array(unit.count * 2);
  if (unit.count < 2) return places;
  const { data, dimension: P } = await principal(engine, unit, { components: 2, seed });
  for (let i = 0; i < unit.count; i++)
    for (let d = 0; d < P; d++) places[2 * i + d] = data[i * P + d]!;
  return places;
}
