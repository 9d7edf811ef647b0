/** Jobs of the loader workers: from image indices to uint8 batches. */
import type { PixelReader } from '../data/reader.ts';
import { type EvaluationSpec, renderEvaluationView } from './evaluationView.ts';
import type { CropSpec, ViewsSpec } from './spec.ts';
import { makeView } from './view.ts';

/** Layout of a pixel cache: file, sizes and byte offsets of its images. */
export interface CacheLayout {
  readonly file: string;
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
  readonly offsets: Float64Array;
}

/** Data that every worker receives when it starts. */
export interface WorkerSetup {
  readonly cache: CacheLayout;
  readonly work: RandomViews | EvaluationViews;
}
export interface RandomViews {
  readonly kind: 'random';
  readonly views: ViewsSpec;
  readonly seed: number;
}
export interface EvaluationViews {
  readonly kind: 'evaluation';
  readonly spec: EvaluationSpec;
}

/** Batch to render: cache indices, and for random views the epoch. */
export interface Job {
  readonly images: Uint32Array;
  readonly epoch: number;
}

/** Message to a worker; `Reply` answers it. */
export interface Request {
  readonly id: number;
  readonly job: Job;
}
export type Reply =
  | { readonly id: number; readonly batches: Uint8Array<ArrayBuffer>[] }
  | { readonly id: number; readonly failure: { readonly code?: string; readonly message: string } };

/** Renders a batch: one uint8 array per group of crops, or one of evaluation views. */
export function doJob(
  reader: PixelReader,
  work: WorkerSetup['work'],
  job: Job,
): Uint8Array<ArrayBuffer>[] {
  return work.kind === 'random'
    ? randomViews(reader, work, job)
    : [evaluationViews(reader, work.spec, job)];
}

function bytesPerView({ size }: Pick<CropSpec, 'size'>): number {
  return 3 * size * size;
}

/**
 * Renders `[count * B, 3, size, size]` per group, crop-major: rows `[v B, (v + 1) B)` belong to
 * crop v.
 */
function randomViews(
  reader: PixelReader,
  { views, seed }: RandomViews,
  { images, epoch }: Job,
): Uint8Array<ArrayBuffer>[] {
  const batches = views.crops.map(
    (crop) => new Uint8Array(crop.count * images.length * bytesPerView(crop)),
  );
  for (let b = 0; b < images.length; b++) {
    const image = images[b]!;
    const source = reader.read(image);
    let view = 0;
    for (const [group, crop] of views.crops.entries()) {
      for (let v = 0; v < crop.count; v++, view++) {
        const offset = (v * images.length + b) * bytesPerView(crop);
        makeView(source, crop, { seed, epoch, image, view }, batches[group]!, offset);
      }
    }
  }
  return batches;
}

/** Renders the evaluation views `[B, 3, size, size]`. */
function evaluationViews(
  reader: PixelReader,
  spec: EvaluationSpec,
  { images }: Job,
): Uint8Array<ArrayBuffer> {
  const { size } = spec;
  const bytes = bytesPerView(spec);
  const batch = new Uint8Array(images.length * bytes);
  for (let b = 0; b < images.length; b++) {
    const data = batch.subarray(b * bytes, (b + 1) * bytes);
    renderEvaluationView(reader.read(images[b]!), { width: size, height: size, data }, spec);
  }
  return batch;
}
