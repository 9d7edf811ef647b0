/** Synthetic features without clusters. For tests only. */
import { randomAt } from '../core/random.ts';
import { type Features, featuresOf } from './features.ts';

/** Draws rows [count, dimension] from a standard normal distribution. */
export function gaussian(count: number, dimension: number, seed = 1): Features {
  const random = randomAt(seed, 'synthetic');
  return featuresOf(
    Float32Array.from({ length: count * dimension }, () => random.normal()),
    dimension,
  );
}
