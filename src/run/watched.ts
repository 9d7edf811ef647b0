/** The clusters of the sample that a training run measures without labels: what the next measurement is compared with, also after a resume. */
import { readFile } from 'node:fs/promises';
import { decodeSafetensors, safetensorsChunks, writeFileAtomic } from '../formats/index.ts';

export interface WatchedSample {
  /** Epoch after which it was measured, and the steps done by then. */
  readonly epoch: number;
  readonly step: number;
  /** `[n]`, the cluster of each image of the sample. */
  readonly clusters: Int32Array;
}

/** Keeps the latest. */
export async function writeWatched(file: string, { epoch, step, clusters }: WatchedSample): Promise<void> {
  const tensors = { clusters: { dtype: 'int32', shape: [clusters.length], data: clusters } } as const;
  await writeFileAtomic(file, safetensorsChunks(tensors, { epoch: String(epoch), step: String(step) }));
}

/** What was kept at `step` or before it; undefined where there is nothing, or something else than expected. */
export async function readWatched(
  file: string,
  { step: latest }: { step: number },
): Promise<WatchedSample | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readFile(file));
    const clusters = tensors.clusters?.data;
    const [epoch, step] = [Number(metadata.epoch), Number(metadata.step)];
    if (!(clusters instanceof Int32Array) || !Number.isInteger(epoch) || !(step <= latest)) return undefined;
    return { epoch, step, clusters };
  } catch {
    // The measures of one epoch then have nothing to be compared with; the training does not need it.
    return undefined;
  }
}
