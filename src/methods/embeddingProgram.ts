/** Embeddings of all images between epochs. */
import type { Program } from '../compile/index.ts';
import { createVariables, encode } from '../nn/index.ts';
import { networkInput } from './inference.ts';
import type { Project } from './model.ts';
import type { StepContext } from './program.ts';

/**
 * The encoder and its head in evaluation mode, as a phase runs them over all images: `images`
 * (uint8, [B, 3, s, s], or features of a pretrained model) to `features` [B, D].
 *
 * @param prefix prefix of the names in the state, such as that of a momentum encoder; default: none
 */
export function embeddingProgram(
  project: Project,
  {
    imageSize: size,
    ...context
  }: Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'imageSize'>,
  { prefix = '' } = {},
): Program {
  const variables = createVariables({ mode: 'evaluate', prefix });
  const images = networkInput('images', { ...context, size });
  const features = project(variables, encode(variables, images, context.encoder)); // [B, D]
  const stored = [...variables.parameters(), ...variables.buffers()];
  return {
    name: 'embeddings',
    outputs: { features },
    state: stored.map(({ tensor }) => ({ current: tensor })),
  };
}
