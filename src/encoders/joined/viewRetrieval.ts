/**
 * A measure without labels of what each part of a joined encoder recognizes: the rank at which
 * images are found by a random view of theirs.
 *
 * For the view v_i of image i and the images x_j of a draw of n, all of length 1,
 *
 *     r_i = 1 + |{ j : v_i · x_j > v_i · x_i }|,   retrieval = 1/n Σ 1 / r_i
 *
 * the mean reciprocal rank: 1 where each view is nearest to its own image, about log(n) / n for
 * features of noise. The views are those that the network was trained with, which patch features
 * never saw. A network far behind patch features here has learned nothing.
 */
import type { Engine } from '../../backends/index.ts';
import { distinctRows } from '../../cluster/index.ts';
import { randomAt } from '../../core/random.ts';
import type { Reporter } from '../../core/reporter.ts';
import { viewsOf } from '../../methods/index.ts';
import type { PixelSet } from '../encoder.ts';
import { newViewFeatures } from '../viewFeatures.ts';
import { JOIN, type JoinedTensors, joinedEncoder, requireNetwork } from './program.ts';
import type { JoinedSettings } from './settings.ts';

export interface RetrievalOptions {
  engine: Engine;
  images: PixelSet;
  size: number;
  settings: JoinedSettings;
  tensors: JoinedTensors;
  /** Seed of the draw of images and of their views. */
  seed: number;
  workers?: number;
  reporter?: Reporter;
}

/** Retrieval of both parts, 0 to 1. */
export interface Retrieval {
  readonly patches: number;
  readonly network: number;
}

/** Most images drawn: the standard error is then about .02. */
const MAX_IMAGES = 500;

/** Measures the retrieval of both parts of a joined encoder. */
export async function viewRetrieval(options: RetrievalOptions): Promise<Retrieval> {
  const { engine, size, settings, tensors, seed, workers, reporter } = options;
  const { cache, indices: all = Uint32Array.from(cache.widths.keys()) } = options.images;
  const count = Math.min(MAX_IMAGES, all.length);
  const rows = distinctRows(all.length, count, randomAt(seed, 'viewRetrieval'));
  const indices = Uint32Array.from(rows, (row) => all[row]!).sort();
  const encoder = await joinedEncoder({ engine, size, settings, tensors });
  const D = encoder.dimension;
  try {
    const { data } = await encoder.embed({ cache, indices }, { workers, reporter });
    const crop = { ...viewsOf(requireNetwork(settings)).crops[0]!, count: 1, size };
    const views = new Float32Array(count * D); // [n, D]
    let at = 0;
    const drawn = { crop, seed, workers, reporter };
    for await (const part of newViewFeatures(encoder, { cache, indices }, drawn)) {
      views.set(part, at);
      at += part.length;
    }
    const own = D - tensors[`${JOIN}offset`]!.shape[0]!;
    return {
      patches: retrieval(views, data, { dimension: D, from: 0, to: own }),
      network: retrieval(views, data, { dimension: D, from: own, to: D }),
    };
  } finally {
    await encoder.close();
  }
}

/**
 * Mean reciprocal rank of images [n, D] by views [n, D], by the columns `from` to `to`, which have
 * one length in every row.
 */
export function retrieval(
  views: Float32Array,
  images: Float32Array,
  { dimension: D, from, to }: { dimension: number; from: number; to: number },
): number {
  const n = views.length / D;
  let sum = 0;
  const products = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let product = 0;
      for (let d = from; d < to; d++) product += views[i * D + d]! * images[j * D + d]!;
      products[j] = product;
    }
    let rank = 1;
    for (let j = 0; j < n; j++) if (products[j]! > products[i]!) rank++;
    sum += 1 / rank;
  }
  return sum / n;
}
