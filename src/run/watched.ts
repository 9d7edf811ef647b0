/**
 * watched.safetensors: clusters of the sample that training measures without labels.
 *
 * The next measurement is compared with them, also after a resume.
 */
import { decodeSafetensors, safetensorsChunks, writeFileAtomic } from '../formats/index.ts';
import { maxTensorBytes, tensorBytesOf } from './tensorFile.ts';

export interface WatchedSample {
  /** Epoch after which it was measured. */
  readonly epoch: number;
  /** Steps done. */
  readonly step: number;
  /** Cluster of each image of the sample [n]. */
  readonly clusters: Int32Array;
}

/** Writes the latest measurement over the one before. @throws LikenessError `write.*` */
export async function writeWatched(
  file: string,
  { epoch, step, clusters }: WatchedSample,
): Promise<void> {
  const tensors = {
    clusters: { dtype: 'int32', shape: [clusters.length], data: clusters },
  } as const;
  await writeFileAtomic(
    file,
    safetensorsChunks(tensors, { epoch: String(epoch), step: String(step) }),
  );
}

/** Reads the measurement of `step` or before it; undefined where there is none that can be read. */
export async function readWatched(
  file: string,
  { step: latest }: { step: number },
): Promise<WatchedSample | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(
      await tensorBytesOf(file, maxTensorBytes.watched),
    );
    const clusters = tensors.clusters?.data;
    const [epoch, step] = [Number(metadata.epoch), Number(metadata.step)];
    if (!(clusters instanceof Int32Array) || !Number.isInteger(epoch) || !(step <= latest))
      return undefined;
    return { epoch, step, clusters };
  } catch {
    // The next measurement has nothing to be compared with. Training goes on without it.
    return undefined;
  }
}
