/** The network of a step, an encoder with the method's head, and moving averages of it. */
import {
  createMomentumVariables,
  type EncoderOptions,
  encode,
  type MomentumVariables,
  type Variables,
} from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { cropsOfAll } from './crops.ts';

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

export interface ModelOptions {
  encoder: EncoderOptions;
  project: Project;
  /**
   * Replicas whose features are joined: the head and all that follows see the batches of all of
   * them. Default: each sees its own.
   */
  joined?: JoinedReplicas | undefined;
}

export interface JoinedReplicas {
  /** R */
  replicas: number;
  rank: number;
  /** B, images of each replica. */
  batchSize: number;
}

/** Encoder and head over one set of variables. */
export function createModel(stored: Variables, { encoder, project, joined }: ModelOptions): Model {
  const variables = joined ? ofWholeBatch(stored) : stored;
  const encodeImages: Model['encode'] = (images, options = {}) => {
    if (!joined) return encode(stored, images, { ...encoder, ...options });
    const { drop, onFirstMap } = options;
    const own = encode(stored, images, {
      ...encoder,
      ...(drop && { drop: (x, layer) => drop(x, layer, joined) }),
      ...(onFirstMap && { onFirstMap: (map) => onFirstMap(cropsOfAll(map, joined)) }),
    }); // [N, F]
    return cropsOfAll(own, joined); // [R N, F]
  };
  return {
    variables,
    encoderVariables: stored,
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

/** The same variables for layers on features of all replicas, whose statistics are complete. */
function ofWholeBatch<V extends Variables>(variables: V): V {
  return { ...variables, batchNormReplicas: 1 };
}

/** A model whose parameters are an exponential moving average of another's. */
export function momentumCopy(
  follows: Variables,
  modelOptions: ModelOptions,
  options: MomentumCopyOptions,
): Model & { variables: MomentumVariables } {
  const variables = createMomentumVariables({ follows, ...options });
  const model = createModel(variables, modelOptions);
  return { ...model, variables: modelOptions.joined ? ofWholeBatch(variables) : variables };
}
