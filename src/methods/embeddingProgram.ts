/** Embeddings of all images between epochs. */
import type { Program } from '../compile/index.ts';
import { createVariables, encode } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import { normalizeImages } from './inference.ts';
import type { Project } from './model.ts';
import type { StepContext } from './program.ts';

/**
 * The encoder and its head in evaluation mode, as a phase runs them over all images: `images`
 * (uint8, [B, 3, s, s]) to `features` [B, D].
 *
 * @param prefix prefix of the names in the state, such as that of a momentum encoder; default: none
 */
export function embeddingProgram(
  project: Project,
  {
    encoder,
    normalize,
    batchSize,
    imageSize: s,
  }: Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'imageSize'>,
  { prefix = '' } = {},
): Program {
  const variables = createVariables({ mode: 'evaluate', prefix });
  const images = input('images', [batchSize, 3, s, s], 'uint8');
  const features = project(
    variables,
    encode(variables, normalizeImages(images, normalize), encoder),
  ); // [B, D]
  const stored = [...variables.parameters(), ...variables.buffers()];
  return {
    name: 'embeddings',
    outputs: { features },
    state: stored.map(({ tensor }) => ({ current: tensor })),
  };
}
