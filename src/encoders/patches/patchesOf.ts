/** Patches of a sample of images. */

import { distinctRows } from '../../cluster/index.ts';
import { randomAt } from '../../core/random.ts';
import type { Reporter } from '../../core/reporter.ts';
import { beginStage } from '../../core/stage.ts';
import { evaluationBatches } from '../../views/index.ts';
import type { PixelSet } from '../encoder.ts';
import { drawPatches } from './whitenedPatches.ts';

export interface PatchesOptions {
  images: PixelSet;
  /** Side S of the evaluation view, in pixels. */
  size: number;
  /** Side of a patch, in pixels. */
  side: number;
  /** Number of patches, about. */
  patches: number;
  seed: number;
  /** Worker threads that make the evaluation views. Default 1. */
  workers?: number;
  reporter: Reporter;
}

/** Most images that patches are drawn from. */
const PATCH_IMAGES = 5000;
/** Most patches of one image: more of them repeat what is known. */
const MOST_PER_IMAGE = 150;
const BATCH = 128;

/** Draws patches of as many images as allowed, `[n, 3 side²]`. */
export async function patchesOf({
  images,
  size,
  side,
  patches,
  seed,
  workers,
  reporter,
}: PatchesOptions): Promise<Float32Array> {
  const chosen = drawImages(images, PATCH_IMAGES, seed);
  const perImage = Math.min(MOST_PER_IMAGE, Math.ceil(patches / chosen.length));
  const dimension = 3 * side * side;
  const out = new Float32Array(chosen.length * perImage * dimension);
  let done = 0;
  const onProgress = beginStage(reporter, {
    ...{ stage: 'patches', text: 'drawing patches', unit: 'image', total: chosen.length },
  });
  for await (const { images: batch, pixels } of evaluationBatches(images.cache, {
    ...{ size, batchSize: BATCH, indices: chosen, workers },
  })) {
    reporter.signal.throwIfAborted();
    const perView = 3 * size * size;
    for (let i = 0; i < batch.length; i++) {
      const view = pixels.subarray(i * perView, (i + 1) * perView);
      const own = drawPatches(view, done, { size, side, perImage, seed });
      out.set(own, done * perImage * dimension);
      done++;
    }
    onProgress(done);
  }
  return out;
}

/** Cache indices of drawn images, in ascending order; all where there are few. */
export function drawImages({ cache, indices }: PixelSet, most: number, seed: number): Uint32Array {
  const all = indices ?? Uint32Array.from(cache.widths.keys());
  if (all.length <= most) return all;
  const rows = distinctRows(all.length, most, randomAt(seed, 'patchImages'));
  return Uint32Array.from(rows, (row) => all[row]!).sort();
}
