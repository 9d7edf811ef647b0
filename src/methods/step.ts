/**
 * The training step as a method writes it: losses to minimize, scalars, random draws and state.
 *
 * Everything that a step needs is named once, where it is used: the tensor, its values over time,
 * and its first value. From these the trainer's `StepProgram` is built.
 */
import type { Drop, Initializer } from '../nn/index.ts';
import {
  type DType,
  matmul,
  mean,
  mul,
  type Shape,
  type Tensor,
  type TensorData,
  transpose,
} from '../tensor/index.ts';
import type { Model, MomentumCopyOptions, Project } from './model.ts';
import type { MinimizeOptions } from './objectives.ts';
import type { MethodHead, Moment, StepContext, StepProgram } from './program.ts';
import type { StageSpan } from './stages.ts';

export interface Observation {
  /** Embeddings [B, D] that the run doctor watches. */
  embeddings: Tensor;
  /**
   * Region that healthy embeddings fill: the unit sphere, or a standard normal. Default: `sphere`.
   */
  geometry?: 'sphere' | 'gaussian';
  /** Embeddings of two views, [B, D] each: the fraction of images that find their own partner. */
  pairs?: readonly [Tensor, Tensor];
  /** Fraction of images whose two views agree, where it is measured in another way than `pairs`. */
  agreement?: Tensor;
  /** Mean assignment to each prototype over the batch, [K]. */
  usage?: Tensor;
  /** Loss of a network that tells nothing apart. Absent: the loss says nothing about a collapse. */
  randomBaselineLoss?: number;
  /** False where a healthy loss need not fall, as in a stage that begins well. Default: true. */
  isLossJudged?: boolean;
}

/** A value that outlives a step. */
export interface StateValue {
  /** The value as the step finds it. */
  readonly current: Tensor;
  /** Sets the value that the step leaves; without a call it stays. */
  set(next: Tensor): void;
}

/** Step that values are drawn for. */
export interface DrawTime {
  readonly step: number;
  readonly seed: number;
  /** Row of the whole batch that is the replica's first one. Default: 0. */
  readonly firstRow?: number;
}

export interface Step {
  /** B, images per batch; with rows `own` those of the replica. */
  readonly batchSize: number;
  /** R, replicas that train together, each on rows of its own; 1 with rows `all`. */
  readonly replicas: number;
  /** N, images that are trained on. */
  readonly images: number;
  /** Positions of the batch's images among all N, int32 [B]. */
  readonly indices: Tensor;
  /** Updates parameters along the gradient of a loss; may be called for several groups of them. */
  minimize(loss: Tensor, options?: MinimizeOptions): void;
  /** A number that follows a schedule, []. */
  scalar(name: string, schedule: (moment: Moment) => number): Tensor;
  /** 1 in the steps of a stage of the method, 0 in all others, []. */
  during(stage: string): Tensor;
  /**
   * Values that are drawn in each step, by (seed, step) alone; values of a replica's own rows by
   * their rows of the whole batch, too.
   */
  draw(name: string, shape: Shape, sampler: (at: DrawTime) => TensorData, dtype?: DType): Tensor;
  /** Random masks for dropout layers. Default rate: .5. */
  dropout(options?: { rate?: number }): Drop;
  /** A value of the run's state; `first` gives its bytes before the first step. Default: zeros. */
  state(name: string, shape: Shape, first?: (seed: number) => Float32Array): StateValue;
  /** A value of the run's state whose first bytes are drawn from a stream of its own name. */
  randomState(name: string, shape: Shape, initialize: Initializer): StateValue;
  /** Rows [R n, ...] of all replicas' x [n, ...], in the order of their ranks. */
  acrossReplicas(x: Tensor): Tensor;
  /** A moving average of the model. */
  momentumCopy(options: MomentumCopyOptions): Model;
  /** A number that is written to the event log in each step. */
  fact(name: string, value: Tensor): void;
  /** Tensors that the run doctor watches; called once. */
  observe(observation: Observation): void;
  /** A sentence that a person reads when training starts. */
  note(text: string): void;
}

/** A built step. */
export interface TrainingStep extends StepProgram {
  /** Gradients by the names of the parameters, for tests. */
  gradients: Record<string, Tensor>;
  /** Names of the state's values that the encoder and the heads read. */
  encoderState: readonly string[];
}

/** Rows of a batch that losses are computed from: those of a replica, or of all. */
export type Rows = 'own' | 'all';

export interface StepOptions extends Omit<StepContext, 'crops' | 'normalize' | 'imageSize'> {
  /** Name of the method. */
  name: string;
  project: Project;
  /**
   * Rows of a batch that a replica computes the losses from, of several: `all` joins the features
   * of all replicas, so that heads and losses are those of the whole batch. Default: `all`.
   */
  rows?: Rows;
  /** Probabilities of the clusters, of methods that learn them. */
  assign?: MethodHead['assign'];
  /** Default: one stage, the whole run. */
  stages?: readonly StageSpan[];
}

/** Name of an input. */
export function nameOf(tensor: Tensor): string {
  return tensor.node.attributes.name as string;
}

/** Mean of embeddings z [B, D], and mean of z zᵀ, which the run doctor watches. */
export function vitalsOf(z: Tensor): { embeddingMean: Tensor; embeddingMoment: Tensor } {
  return {
    embeddingMean: mean(z, { axes: [0] }), // [D]
    embeddingMoment: mul(matmul(transpose(z), z), 1 / z.shape[0]!), // [D, D]
  };
}
