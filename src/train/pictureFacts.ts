/** Facts about the images of a run that its views follow: color, and mirrored images. */
import { setImmediate } from 'node:timers/promises';
import { distinctRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import type { PictureFacts } from '../methods/index.ts';
import {
  type CacheLayout,
  evaluationBatches,
  gradientDescriptor,
  MIRROR_SIZE,
  mirrorRatio,
} from '../views/index.ts';

/** Most images that are examined: about a second of work. */
const MOST = 2000;
const BATCH = 256;
/** Differences of channels up to this are put down to compression, in levels of 0 to 255. */
const MAX_GRAY_DIFFERENCE = 16;

export interface PictureFactsOptions {
  cache: CacheLayout;
  /** Cache indices of the images to train on. */
  indices: Uint32Array;
  /** Worker threads that make the views. */
  workers: number;
  reporter: Reporter;
}

/**
 * Examines a drawn sample of the images. The same images give the same facts with every seed, so
 * that the runs of a comparison have the same views.
 */
export async function pictureFacts(options: PictureFactsOptions): Promise<PictureFacts> {
  const { cache, indices, workers, reporter } = options;
  const chosen =
    indices.length > MOST
      ? distinctRows(indices.length, MOST, randomAt(0, 'pictureFacts')).sort()
      : Int32Array.from(indices.keys());
  const sample = Uint32Array.from(chosen, (row) => indices[row]!);
  const onProgress = beginStage(reporter, {
    ...{ stage: 'pictures', text: 'comparing images with their mirror images', unit: 'image' },
    total: sample.length,
  });
  const descriptors: Float32Array[] = [];
  let colored = 0;
  const area = MIRROR_SIZE * MIRROR_SIZE;
  const views = { size: MIRROR_SIZE, batchSize: BATCH, indices: sample, workers };
  for await (const { images, pixels } of evaluationBatches(cache, views)) {
    reporter.signal.throwIfAborted();
    for (let i = 0; i < images.length; i++) {
      const view = pixels.subarray(i * 3 * area, (i + 1) * 3 * area);
      descriptors.push(gradientDescriptor(view));
      if (hasColor(view, area)) colored++;
    }
    onProgress(descriptors.length);
  }
  reporter.progress({ stage: 'pictures', text: 'judging if the images may be mirrored' });
  await setImmediate(); // so that the report is seen before seconds of work
  return { images: sample.length, colored, mirrorRatio: mirrorRatio(descriptors) ?? null };
}

function hasColor(pixels: Uint8Array, area: number): boolean {
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [pixels[i]!, pixels[i + area]!, pixels[i + 2 * area]!];
    if (Math.max(r, g, b) - Math.min(r, g, b) > MAX_GRAY_DIFFERENCE) return true;
  }
  return false;
}
