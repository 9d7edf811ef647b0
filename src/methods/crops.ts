/** Crops of a training step, from the pixels or features that the loader feeds. */
import {
  crossReplicaConcat,
  reshape,
  rows,
  sizeOf,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
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

/**
 * Rows [count R B, ...] of all R replicas' crop-major x [count B, ...], crop-major too: the images
 * of a crop in the order of ranks.
 */
export function cropsOfAll(x: Tensor, { batchSize: B, replicas: R = 1 }: Rows): Tensor {
  if (R === 1) return x;
  const [rows, ...rest] = x.shape as [number, ...number[]];
  const count = rows / B;
  const all = crossReplicaConcat(x, R); // [R count B, ...]
  if (count === 1) return all;
  const ofReplicas = reshape(all, [R, count, B * sizeOf(rest)]);
  return reshape(transpose(ofReplicas, [1, 0, 2]), [count * R * B, ...rest]); // [count R B, ...]
}

type Rows = Pick<StepContext, 'batchSize' | 'replicas'>;

/** Rows [v B, (v + 1) B) of a crop-major tensor, those of crop v. */
export function ofCrop(x: Tensor, v: number, B: number): Tensor {
  return rows(x, v * B, (v + 1) * B); // [B, ...]
}
