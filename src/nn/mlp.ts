/** Multi-layer perceptrons, as projection heads. */
import { relu, type Tensor } from '../tensor/index.ts';
import { batchNorm, linear } from './layers.ts';
import type { Variables } from './variables.ts';

/**
 * Linear layers of the given widths with (batch norm and) ReLU between them, none after the last.
 * Parameters are numbered as in a PyTorch Sequential: Linear 0, BatchNorm 1, (ReLU 2,) Linear 3, ...
 */
export function mlp(
  variables: Variables,
  name: string,
  x: Tensor,
  { widths, norm = 'batch' }: { widths: readonly number[]; norm?: 'batch' | 'none' },
): Tensor {
  let y = x;
  let index = 0;
  widths.forEach((features, layer) => {
    y = linear(variables, `${name}.${index++}`, y, { features }); // [N, features]
    if (layer === widths.length - 1) return;
    if (norm === 'batch') y = batchNorm(variables, `${name}.${index++}`, y);
    y = relu(y);
    index++;
  });
  return y;
}
