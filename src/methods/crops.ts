/** Crops of a training step, from the pixels that the loader feeds. */
import { input, rows, type Tensor } from '../tensor/index.ts';
import { normalizeImages } from './inference.ts';
import type { StepContext } from './program.ts';

/** Normalized crops, one tensor [count B, 3, s, s] per crop group, from the inputs `crops.<g>`. */
export function cropInputs({
  crops,
  batchSize: B,
  normalize,
}: Pick<StepContext, 'crops' | 'batchSize' | 'normalize'>): Tensor[] {
  return crops.map(({ count, size }, g) => {
    const pixels = input(`crops.${g}`, [count * B, 3, size, size], 'uint8');
    return normalizeImages(pixels, normalize); // [count B, 3, s, s]
  });
}

/** Rows [v B, (v + 1) B) of a crop-major tensor, those of crop v. */
export function ofCrop(x: Tensor, v: number, B: number): Tensor {
  return rows(x, v * B, (v + 1) * B); // [B, ...]
}
