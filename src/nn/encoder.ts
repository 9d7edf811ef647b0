/** The encoders by name: images in, features out. */
import type { Tensor } from '../tensor/index.ts';
import { type EncoderOptions, resnet } from './resnet.ts';
import type { Variables } from './variables.ts';

/** Images [N, 3, H, W] (normalised) to features [N, D], by the architecture that is named. */
export function encode(variables: Variables, x: Tensor, options: EncoderOptions = {}): Tensor {
  return resnet(variables, x, options); // [N, D]
}
