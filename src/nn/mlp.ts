/** Multi-layer perceptrons, as projection heads. */
import { relu, type Tensor } from '../tensor/index.ts';
import { batchNorm, type LinearLayer, linear } from './layers.ts';
import type { Variables } from './variables.ts';

export interface MlpOptions {
  /** Features of each linear layer. */
  widths: readonly number[];
  /** Normalization between a hidden linear layer and its ReLU. */
  norm?: 'batch' | 'none';
  /** Biases of the linear layers before a batch norm, which cancels them. */
  hiddenBias?: 'with' | 'without';
  /**
   * Last layer: linear with a bias, or linear without one and a batch norm without scale and shift.
   */
  last?: 'linear' | 'norm';
  /** First values of all linear layers. Default: those of a linear layer. */
  initialize?: LinearLayer['initialize'];
}

/**
 * Linear layers of these widths with (batch norm and) ReLU between them, and no ReLU after the
 * last. Parameters are numbered as in a PyTorch Sequential: Linear 0, BatchNorm 1, (ReLU 2,) Linear
 * 3, ...
 */
export function mlp(
  variables: Variables,
  name: string,
  x: Tensor,
  { widths, norm = 'batch', hiddenBias = 'with', last = 'linear', initialize }: MlpOptions,
): Tensor {
  let y = x;
  let index = 0;
  widths.forEach((features, layer) => {
    const isLast = layer === widths.length - 1;
    const bias = isLast ? (last === 'norm' ? 'without' : 'with') : hiddenBias;
    y = linear(variables, `${name}.${index++}`, y, { features, bias, initialize }); // [N, features]
    if (isLast) {
      if (last === 'norm') y = batchNorm(variables, `${name}.${index}`, y, { affine: 'without' });
      return;
    }
    if (norm === 'batch') y = batchNorm(variables, `${name}.${index++}`, y);
    y = relu(y);
    index++;
  });
  return y;
}
