/** outliers.safetensors: distances of the images of a clustering to their k-th neighbor. */
import type { OutlierScores } from '../cluster/index.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readRegular,
  writeFileAtomic,
} from '../formats/index.ts';
import { undefinedIfUnreadable } from './unreadable.ts';

const FORMAT = 'likeness outliers 1';

/** Writes the scores of the clustering with a key. @throws LikenessError `write.*` */
export async function writeOutliers(
  file: string,
  key: string,
  { k, distances, nearest }: OutlierScores,
): Promise<void> {
  const shape = [distances.length];
  const tensors = {
    distances: { dtype: 'float32', shape, data: distances },
    nearest: { dtype: 'int32', shape, data: nearest },
  } as const;
  const metadata = { format: FORMAT, key, k: String(k) };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/** Reads {@link writeOutliers}; undefined where there are none of this clustering. */
export async function readOutliers(
  file: string,
  key: string,
  count: number,
): Promise<OutlierScores | undefined> {
  const stored = await readRegular(file)
    .then((bytes) => decodeSafetensors(bytes, file))
    .catch(undefinedIfUnreadable);
  if (stored?.metadata.format !== FORMAT || stored.metadata.key !== key) return undefined;
  const [distances, nearest] = [stored.tensors.distances?.data, stored.tensors.nearest?.data];
  const fits = distances instanceof Float32Array && nearest instanceof Int32Array;
  if (!fits || distances.length !== count || nearest.length !== count) return undefined;
  return { k: Number(stored.metadata.k), distances, nearest };
}
