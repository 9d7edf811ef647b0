/** First values of an encoder, without the training step. */
import { createVariables, encode } from '../nn/index.ts';
import type { Values } from '../runtime/index.ts';
import { input } from '../tensor/index.ts';
import { encoderOptions } from './encoderOptions.ts';
import { methods } from './registry.ts';
import type { Settings } from './settings.ts';

/**
 * Parameters and running statistics of the encoder and of the head behind `project`, by name, as a
 * run of these settings starts from them.
 *
 * Every value is drawn from a stream that its own name chooses, so the bytes equal those of the
 * method's `initialState`. No training step is built, so neither the number of images nor the
 * method's numbers of clusters matter.
 *
 * @param seed default: the seed of the settings
 */
export function initialEncoderState(settings: Settings, seed = settings.seed): Values {
  const variables = createVariables();
  const size = settings.imageSize;
  const features = encode(variables, input('images', [1, 3, size, size]), encoderOptions(settings)); // [1, F]
  methods[settings.method].head(settings).project(variables, features); // [1, D]
  return variables.initialValues(seed);
}
