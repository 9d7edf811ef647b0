/** Batches of evaluation views: every image once, in order, prefetched by worker threads. */
import { checkEvaluation, type EvaluationSpec } from './evaluationView.ts';
import type { CacheLayout } from './jobs.ts';
import { checkedIndices, checkWhole } from './loader.ts';
import { openWorkerPool } from './workerPool.ts';

export interface EvaluationBatch {
  /** Cache index of each image: `[b]`. */
  readonly images: Uint32Array;
  /** `[b, 3, size, size]` uint8. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

export interface EvaluationBatchOptions extends EvaluationSpec {
  /** Images per batch; the last batch has the remainder. */
  readonly batchSize: number;
  /** Cache indices of the images, in order. Default: all. */
  readonly indices?: Uint32Array;
  /** Worker threads. Default 1. */
  readonly workers?: number;
}

/**
 * Iterates over the evaluation views of a cache: shorter side to `resize`, central square of
 * `size`. Leaving the loop in any way ends the workers.
 *
 * @example for await (const { images, pixels } of evaluationBatches(cache, { size: 32, batchSize:
 * 256 })) …
 */
export async function* evaluationBatches(
  cache: CacheLayout,
  options: EvaluationBatchOptions,
): AsyncGenerator<EvaluationBatch, void, undefined> {
  const { size, resize = size, fit = 'crop', kernel, batchSize, workers = 1 } = options;
  checkEvaluation({ size, resize });
  checkWhole('batchSize', batchSize, 1);
  checkWhole('workers', workers, 1);
  const indices = checkedIndices(options.indices, cache.widths.length);
  const { file, widths, heights, offsets } = cache;
  const work = { kind: 'evaluation', spec: { size, resize, fit, kernel } } as const;
  const pool = openWorkerPool({
    setup: { cache: { file, widths, heights, offsets }, work },
    workers,
  });
  try {
    const begun: Promise<EvaluationBatch>[] = [];
    for (let next = 0; next < indices.length || begun.length > 0; ) {
      while (next < indices.length && begun.length <= workers) {
        const images = indices.slice(next, next + batchSize);
        const batch = pool
          .run({ images, epoch: 0 })
          .then(([pixels]) => ({ images, pixels: pixels! }));
        batch.catch(() => {}); // reported when the loop reaches it
        begun.push(batch);
        next += batchSize;
      }
      yield await pool.waitFor(begun.shift()!);
    }
  } finally {
    await pool.close();
  }
}
