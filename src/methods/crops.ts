/** Crops of a training step, from the pixels or features that the loader feeds. */
import { rows, type Tensor } from '../tensor/index.ts';
import { networkInput } from './inference.ts';
import type { StepContext } from './program.ts';

/**
 * Normalized crops, one tensor [count B, 3, s, s] per crop group, from the inputs `crops.<g>`;
 * features [count B, D] where the encoder is pretrained.
 */
export function cropInputs({
  crops,
  batchSize: B,
  ...context
}: Pick<StepContext, 'crops' | 'batchSize' | 'normalize' | 'encoder'>): Tensor[] {
  return crops.map(({ count, size }, g) =>
    networkInput(`crops.${g}`, { ...context, batchSize: count * B, size }),
  );
}

/** Rows [v B, (v + 1) B) of a crop-major tensor, those of crop v. */
export function ofCrop(x: Tensor, v: number, B: number): Tensor {
  return rows(x, v * B, (v + 1) * B); // [B, ...]
}
