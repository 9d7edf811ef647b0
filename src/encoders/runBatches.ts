/**
 * The one loop from batches of images to rows of named outputs, shared by everything that runs a
 * network over images.
 */
import { type Features, featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import type { EvaluationBatch } from '../views/index.ts';

/** Inputs of one run over a whole batch. */
export interface FilledBatch {
  /** Images per run B: each output has B times D values. */
  readonly batchSize: number;
  /** Rows that belong to images; the others fill the batch up. */
  readonly rows: number;
  readonly inputs: Values;
}

/**
 * Fills evaluation views up to whole batches, as input `images` [B, 3, s, s]; features [B, D]
 * alike.
 *
 * The last batch keeps images of the one before in its free rows: rows are independent in
 * evaluation mode. All batches share one buffer.
 */
export async function* filled(
  batches: AsyncIterable<ImageBatch>,
  batchSize: number,
): AsyncGenerator<FilledBatch> {
  let buffer: Uint8Array | Float32Array | undefined;
  for await (const { images, pixels } of batches) {
    const length = (pixels.length / images.length) * batchSize;
    buffer ??= pixels instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
    buffer.set(pixels);
    yield { batchSize, rows: images.length, inputs: { images: buffer } };
  }
}

/** A batch of evaluation views, or of stored features. */
export type ImageBatch = Omit<EvaluationBatch, 'pixels'> & {
  readonly pixels: Uint8Array | Float32Array;
};

/** Outputs of one run by name, [rows, D] each: rows of images only. */
export interface BatchOutputs {
  readonly rows: number;
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** Runs batches one after the other, each output cut to the rows of images. */
export async function* runBatches(
  batches: AsyncIterable<FilledBatch> | Iterable<FilledBatch>,
  run: (inputs: Values) => Promise<Values>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<BatchOutputs> {
  for await (const { batchSize, rows, inputs } of batches) {
    signal?.throwIfAborted();
    const outputs: Record<string, Float32Array> = {};
    for (const [name, values] of Object.entries(await run(inputs))) {
      const dimension = values.length / batchSize;
      outputs[name] = (values as Float32Array).subarray(0, rows * dimension); // [rows, D]
    }
    yield { rows, outputs };
  }
}

/** Joins all rows of each output, [N, D] by name; `onRows` receives the number of rows done. */
export async function joinRows(
  parts: AsyncIterable<BatchOutputs>,
  { count, onRows }: { count: number; onRows?(done: number): void },
): Promise<Record<string, Features>> {
  const joined: Record<string, Float32Array> = {};
  let done = 0;
  for await (const { rows, outputs } of parts) {
    for (const [name, values] of Object.entries(outputs)) {
      const dimension = values.length / rows;
      joined[name] ??= new Float32Array(count * dimension); // [N, D]
      joined[name].set(values, done * dimension);
    }
    done += rows;
    onRows?.(done);
  }
  const features = Object.entries(joined).map(([name, data]) => [
    name,
    featuresOf(data, data.length / count),
  ]);
  return Object.fromEntries(features) as Record<string, Features>;
}
