/** First values of an encoder, without the training step. */

import { createVariables, encode } from '../nn/index.ts';
import { encoderOptions } from './encoderOptions.ts';
import { networkInput } from './inference.ts';
import { methodHead } from './runProgram.ts';
import type { Settings } from './settings.ts';

/**
 * Parameters and running statistics of the encoder and its heads, and the prototypes where the
 * method has any, by name, as a run of these settings starts from them.
 *
 * Every value is drawn from a stream that its own name chooses, so the bytes equal those of the
 * method's `initialState`. No training step is built, so neither the number of images nor the
 * method's numbers of clusters matter.
 *
 * @param seed default: the seed of the settings
 */
export function initialEncoderState(
  settings: Settings,
  seed = settings.run.seed,
): Record<string, Float32Array> {
  const variables = createVariables();
  const encoder = encoderOptions(settings);
  const { mean, std, imageSize: size } = settings.data;
  const shape = { encoder, normalize: { mean, std }, batchSize: 1, size };
  const features = encode(variables, networkInput('images', shape), encoder); // [1, F]
  const head = methodHead(settings);
  head.project(variables, features); // [1, D]
  head.assign?.(variables, features); // [1, M]
  head.prototypes?.(variables); // [K, D]
  return variables.initialValues(seed);
}
