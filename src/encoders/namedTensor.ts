/** Tensors of a stored encoder by name. */
import { LikenessError } from '../core/errors.ts';
import type { StoredTensor } from '../formats/index.ts';

/**
 * Tensor of a name, in float32.
 *
 * @param expected the encoder and what its tensors are, for the error
 * @throws LikenessError `encoder.incomplete`
 */
export function namedTensor(
  tensors: Readonly<Record<string, StoredTensor>>,
  name: string,
  { encoder, parts }: { encoder: string; parts: string },
): StoredTensor & { data: Float32Array } {
  const tensor = tensors[name];
  if (tensor?.data instanceof Float32Array) return tensor as StoredTensor & { data: Float32Array };
  throw new LikenessError(
    'encoder.incomplete',
    `${encoder}: found no tensor "${name}" of float32; expected ${parts}. Learn the encoder again.`,
  );
}
