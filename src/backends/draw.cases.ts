import { randomAt } from '../core/random.ts';
import { sizeOf, type Tensor } from '../tensor/index.ts';

/** Values for a tensor from a normal distribution of deviation 1; each stream has its own. */
export function draw(
  { shape }: Pick<Tensor, 'shape'>,
  stream: number,
  { mean = 0 } = {},
): Float32Array {
  const random = randomAt(1, 'synthetic', stream);
  return new Float32Array(sizeOf(shape)).map(() => mean + random.normal());
}
