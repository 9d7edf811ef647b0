/** The network of a step, an encoder with the method's head, and moving averages of it. */
import {
  createMomentumVariables,
  type EncoderOptions,
  encode,
  type MomentumVariables,
  type Variables,
} from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';

/** Embeddings [N, D] of features [N, F]. */
export type Project = (variables: Variables, features: Tensor) => Tensor;

export interface Model {
  readonly variables: Variables;
  /**
   * The same variables for a method that writes layers of the encoder itself. Values that are asked
   * for through them are stored with the encoder.
   */
  readonly encoderVariables: Variables;
  /** Features [N, F] of normalized images [N, 3, s, s]. */
  encode(images: Tensor, options?: Pick<EncoderOptions, 'drop' | 'onFirstMap'>): Tensor;
  /** Embeddings [N, D] of features [N, F], by the method's head. */
  project(features: Tensor): Tensor;
  /** Embeddings [N, D] of normalized images [N, 3, s, s]. */
  embed(images: Tensor): Tensor;
}

/** Encoder and head over one set of variables. */
export function createModel(
  variables: Variables,
  { encoder, project }: { encoder: EncoderOptions; project: Project },
): Model {
  const encodeImages: Model['encode'] = (images, options) =>
    encode(variables, images, { ...encoder, ...options });
  return {
    variables,
    encoderVariables: variables,
    encode: encodeImages,
    project: (features) => project(variables, features),
    embed: (images) => project(variables, encodeImages(images)),
  };
}

export interface MomentumCopyOptions {
  /** m, fed as a scalar. */
  momentum: Tensor;
  /** Prefix of its names in the state. Default: `key.` */
  prefix?: string;
  /** Time of the average: `before` the forward pass (MoCo), or `after` the update (BYOL). */
  when: 'before' | 'after';
  /** First parameters: those of the model, or a draw of their own. Default: `copy`. */
  start?: 'copy' | 'own';
}

/** A model whose parameters are an exponential moving average of another's. */
export function momentumCopy(
  follows: Variables,
  { encoder, project }: { encoder: EncoderOptions; project: Project },
  options: MomentumCopyOptions,
): Model & { variables: MomentumVariables } {
  const variables = createMomentumVariables({ follows, ...options });
  return { ...createModel(variables, { encoder, project }), variables };
}
