/**
 * A method as the trainer sees it.
 *
 * A training step is one program of named outputs and state; a method has one step, or one after
 * another. Work between epochs, such as clustering the features of all images, is an `EpochPhase`.
 * The trainer feeds images, scalars and draws, and knows nothing else of a method.
 */
import type { Engine } from '../backends/index.ts';
import type { Features } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import type { EncoderOptions, FirstValues, Optimizer, Variables } from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Normalization } from './inference.ts';
import type { Settings } from './settings.ts';

/** Shape of one group of equal crops: `count` crops of `size` x `size` pixels per image. */
export interface CropGroup {
  count: number;
  size: number;
}

/** Position of a step in the schedule. */
export interface Moment {
  /** Steps done before this one. */
  step: number;
  stepsPerEpoch: number;
  totalSteps: number;
}

/** Conditions that a method's step is built for. */
export interface StepContext {
  /** B, images per batch and replica. */
  batchSize: number;
  /** R, replicas that train together. Default: 1. */
  replicas?: number;
  /** Rank of this replica, from 0 to R - 1. Default: 0. */
  rank?: number;
  /** Batches whose statistics a batch norm uses: a replica's own (the default), or all replicas'. */
  batchNorm?: 'own' | 'joined';
  /** N, the images that are trained on. */
  images: number;
  /** Positions of unlabeled images that only the representation learns from. Default: none. */
  extra?: ArrayLike<number>;
  /** Length of the schedule in epochs. Default: not known. */
  epochs?: number;
  /** Crop groups, big ones first. */
  crops: readonly CropGroup[];
  encoder: EncoderOptions;
  /** First values of parameters, by name, in place of drawn ones. Default: none. */
  first?: FirstValues;
  normalize: Normalization;
  /** Side of the evaluation view, in pixels. */
  imageSize: number;
  optimizer: Optimizer;
  /** Settings of the run's optimizer, for a method that has one of its own beside it. */
  optimizerSettings: Pick<Settings['optimizer'], 'learningRate' | 'weightDecay'>;
  /** Rate at a moment of the schedule. */
  learningRate(moment: Moment): number;
}

/** A training step: its program, and what is fed to it. */
export interface StepProgram {
  /**
   * The step. Inputs: `crops.<g>` (uint8, [count * B, 3, s, s], crop-major) per crop group, or
   * features (float32, [count * B, D]) of a pretrained model;
   * `indices` (int32, [B], the images' positions 0 … N - 1 among those trained on) where it is
   * used; the scalars; and what `draws` gives.
   *
   * Outputs: `loss`; for the run doctor `embeddingMean` [D] and `embeddingMoment` [D, D] (see
   * `vitalsOf`), and, where the method has prototypes, `usage` [K]; `agreement` where two views can
   * agree. Any output `fact.<name>` (one number) is written to the event log at each step.
   */
  program: Program;
  /**
   * Images that `indices` and `draws` are of, of several replicas: the replica's own, or all.
   * Default: all.
   */
  rows?: 'own' | 'all';
  /**
   * First values of the program's state, all float32.
   *
   * @param given values that earlier stages leave, which momentum encoders begin with
   */
  initialState(seed: number, given?: Values): Values;
  /** Values of the scalar inputs at a moment of the run. */
  scalars(moment: Moment): Record<string, number>;
  /** Small inputs that are drawn in each step, by (seed, step) alone. */
  draws?(moment: Moment, seed: number): Values;
  /** Names of the optimizer's values in the state, which a restart sets to their first ones. */
  optimizerState: readonly string[];
  /** Names of the trained values in the state, whose size the run doctor watches. Default: none. */
  trained?: readonly string[];
  /**
   * Loss of a network that tells nothing apart (SwAV: ln K); a loss that stays there is a collapse.
   */
  randomBaselineLoss?: number;
  /**
   * Agreement of a guess, one of the batch's images; absent where `agreement` is none of images.
   */
  agreementChance?: number;
  /** Region that healthy embeddings fill. Default: `sphere`. */
  geometry?: 'sphere' | 'gaussian';
  /** False where a healthy loss need not fall, as in a stage that begins well. Default: true. */
  isLossJudged?: boolean;
  /** Sentences that a person reads when training starts. */
  notes?: readonly string[];
}

/** The step of some epochs of a run. */
export interface StageProgram extends StepProgram {
  /** First epoch that takes this step. */
  firstEpoch: number;
}

/** Start of a stage. */
export interface StageStart {
  name: string;
  /** Tells that the optimizer starts again. */
  restart: boolean;
  /** Work before the first step, and before the phase of its epoch. */
  work?: EpochWork;
}

/**
 * A training method: its steps, and its work between epochs.
 *
 * The state of a run has the values of all steps, by name. A step reads and replaces its own, and
 * the others stay as they are. Values that no earlier step has are initialized when the first step
 * that has them takes over.
 */
export interface MethodProgram {
  /** Steps in the order in which they take over. The first begins with epoch 0. */
  steps: readonly [StageProgram, ...StageProgram[]];
  /** First values of the whole state, all float32. */
  initialState(seed: number): Values;
  /** Names of the state's values that the encoder needs (parameters and running statistics). */
  encoderState: readonly string[];
  /** The stage that begins with an epoch, where the method has stages. */
  stageStart?(epoch: number): StageStart | undefined;
  /** Work between epochs. */
  phase?: EpochPhase;
}

/**
 * Work between epochs, which returns new values of parts of the state. Must be a function of
 * (state, seed, epoch) alone: it is run again where a run is resumed at the start of an epoch.
 */
export type EpochWork = (context: PhaseContext) => Promise<PhaseResult>;

/** Work of a method before an epoch: it replaces parts of the state, and may order the images. */
export interface EpochPhase {
  /** True where something is done before this epoch. */
  isDue(epoch: number): boolean;
  /** Does it. */
  run: EpochWork;
  /**
   * The order in which an epoch visits images, as positions 0 … N - 1, at least `count` of them; a
   * function of the state as the phase left it. Absent: shuffled.
   */
  order?(context: { epoch: number; seed: number; count: number; state: Values }): Uint32Array;
  /** Names of the state's values that `order` reads. */
  orderState?: readonly string[];
}

export interface PhaseContext {
  engine: Engine;
  epoch: number;
  seed: number;
  /** N. */
  images: number;
  /** Current values of parts of the state. */
  readState(names: readonly string[]): Promise<Values>;
  /**
   * Runs a program over all images, each in its evaluation view, in the order of positions. Its
   * input is `images` (uint8, [B, 3, s, s], or features of a pretrained model), its output
   * `features` [B, D], its state is part of the step's state, taken over by name.
   */
  features(program: Program, shape: { batchSize: number; size: number }): Promise<Features>;
  /**
   * Runs a program over random views of all images, in the order of positions. Inputs `crops.<g>`
   * as in the step, outputs [B, D] by name, one row per image; the views are those of no epoch.
   */
  views(program: Program): Promise<Record<string, Features>>;
  onProgress(what: string): void;
  signal?: AbortSignal;
}

export interface PhaseResult {
  /** New values of parts of the state. */
  state: Values;
  /** Numbers for the event log, such as the NMI with the assignment before. */
  facts: Record<string, number>;
}

/**
 * Outputs of a trained method for an encoder's features, built over `variables` of mode `evaluate`.
 */
export interface MethodHead {
  /** Embeddings [N, D] on the unit sphere, of features [N, F]. */
  project(variables: Variables, features: Tensor): Tensor;
  /** Prototypes [K, D] in the space of the embeddings, where the method has any. */
  prototypes?(variables: Variables): Tensor;
  /**
   * Number of prototypes of each level of a hierarchy, finest first, where the method learns one.
   * `prototypes` are those of the first level.
   */
  readonly levels?: readonly number[];
  /**
   * Probabilities [N, M] of the clusters, of features [N, F], where the method learns clusters
   * itself.
   */
  assign?(variables: Variables, features: Tensor): Tensor;
}
