/** layout.safetensors: positions of all clustered images on the map of the page, [N, 2]. */
import { LikenessError } from '../core/errors.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readRegular,
  writeFileAtomic,
} from '../formats/index.ts';

const FORMAT = 'likeness layout 1';

/** Writes positions in -1 to 1 of the clustering with a key. @throws LikenessError `write.*` */
export async function writeLayout(file: string, key: string, places: Float32Array): Promise<void> {
  const tensors = {
    places: { dtype: 'float32', shape: [places.length / 2, 2], data: places },
  } as const;
  await writeFileAtomic(file, encodeSafetensors(tensors, { format: FORMAT, key }));
}

/**
 * Reads positions; undefined where there are none of this clustering, or the file is damaged: they
 * are computed again.
 */
export async function readLayout(
  file: string,
  key: string,
  count: number,
): Promise<Float32Array | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readRegular(file), file);
    const data = tensors.places?.data;
    const fits = metadata.format === FORMAT && metadata.key === key;
    return fits && data instanceof Float32Array && data.length === 2 * count ? data : undefined;
  } catch (error) {
    if (error instanceof LikenessError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Moves and scales positions [n, 2] into -1 to 1, with equal scales on both axes. NaN stays. */
export function fitted(places: Float32Array): Float32Array {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, value] of places.entries()) {
    if (Number.isNaN(value)) continue;
    low[i % 2] = Math.min(low[i % 2]!, value);
    high[i % 2] = Math.max(high[i % 2]!, value);
  }
  const middle = [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2];
  const half = Math.max(high[0]! - low[0]!, high[1]! - low[1]!) / 2 || 1;
  return places.map((value, i) => (value - middle[i % 2]!) / half);
}
