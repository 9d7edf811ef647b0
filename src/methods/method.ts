/**
 * What a method is, to everything that trains, watches or evaluates it.
 *
 * A method states its step as one program: named outputs (the loss and what the run doctor watches), and state. What it
 * does between epochs (features of all images, clustering) is an `EpochPhase`. The trainer feeds images and scalars
 * and knows nothing else.
 */
import type { Engine } from '../backends/index.ts';
import type { Features } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import type { EncoderOptions, Optimizer, Variables } from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { CropSpec } from '../views/index.ts';
import type { Normalisation } from './encoder.ts';
import type { Settings, SettingsInput } from './settings.ts';

/** Shape of one group of equal crops: `count` crops of `size` x `size` pixels per image. */
export interface CropGroup {
  count: number;
  size: number;
}

/** Where a step stands in the schedule. */
export interface Moment {
  /** Steps done before this one. */
  step: number;
  stepsPerEpoch: number;
  totalSteps: number;
}

/** What a method's step is built for. */
export interface StepContext {
  /** B. */
  batchSize: number;
  /** N, the images that are trained on. */
  images: number;
  /** Positions of images that are only learned from, where the others are the ones of interest. Default: none. */
  extra?: ArrayLike<number>;
  /** Crop groups, big ones first. */
  crops: readonly CropGroup[];
  encoder: EncoderOptions;
  normalise: Normalisation;
  optimizer: Optimizer;
  /** Rate at a moment of the schedule. */
  learningRate(moment: Moment): number;
}

export interface Method {
  /** One line for help texts and tables. */
  about: string;
  /** The crops that it takes: several resolutions, two of one size, or one. A preset's crops are cut down to that. */
  crops: 'multiple' | 'pair' | 'single';
  /** Settings that are lowered where there are few images for them, unless a person gave them. */
  fits: readonly ('prototypes' | 'clusters' | 'queueLength')[];
  /** What it wants otherwise than a preset's or the general defaults say; `--set` wins over it. */
  recipe: SettingsInput;
  /** Complete recipes of the paper, by name; they replace `recipe`. */
  presets?: Readonly<Record<string, { description: string; settings: SettingsInput }>>;
  /** What the method makes of the groups of crops that the settings describe. Default: they stay. */
  crop?(settings: Settings, crops: readonly CropSpec[]): CropSpec[];
  program(settings: Settings, context: StepContext): MethodProgram;
  head(settings: Settings): MethodHead;
}

export interface MethodProgram {
  /**
   * The step. Inputs: `crops.<g>` (uint8, [count * B, 3, s, s], crop-major) per crop group; `indices` (int32, [B], the
   * images' positions 0 … N - 1 among those trained on) where it is used; the scalars; and what `draws` gives.
   *
   * Outputs: `loss`; for the run doctor `embeddingMean` [D] and `embeddingMoment` [D, D] (see `vitalsOf`), and, where the
   * method has prototypes, `usage` [K]; `agreement` where two views can agree. Any output `fact.<name>` (one number) is
   * written to the event log at each step.
   */
  program: Program;
  /** First values of the whole state, all float32. */
  initialState(seed: number): Values;
  /** Values of the scalar inputs at a moment. */
  scalars(moment: Moment): Record<string, number>;
  /** Small inputs that are drawn anew for each step; every draw keyed by (seed, step). */
  draws?(moment: Moment, seed: number): Values;
  /** Names of the state's values that the encoder needs (parameters and running statistics). */
  encoderState: readonly string[];
  /** Loss of a network that tells nothing apart (SwAV: ln K): a loss that stays there is a collapse. */
  chanceLoss?: number;
  /** What a person should know of how it will train, in sentences. */
  notes?: readonly string[];
  /** What happens between epochs. */
  phase?: EpochPhase;
}

/** What a method does before an epoch: it replaces parts of the state, and may order the images. */
export interface EpochPhase {
  /** Whether something is done before this epoch. */
  isDue(epoch: number): boolean;
  /**
   * Does it, and returns the new values of parts of the state. Must be a function of (state, seed, epoch) alone: it is
   * run again where a run is resumed at the start of an epoch.
   */
  run(context: PhaseContext): Promise<PhaseResult>;
  /**
   * The order in which an epoch visits images, as positions 0 … N - 1, at least `count` of them; a function of the
   * state as the phase left it. Absent: shuffled.
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
   * Runs a program over all images, each in its evaluation view, in the order of positions. Its input is `images` (uint8,
   * [B, 3, s, s]), its output `features` [B, D], its state is part of the step's state, taken over by name.
   */
  features(program: Program, shape: { batchSize: number; size: number }): Promise<Features>;
  /**
   * Runs a program over random views of all images, in the order of positions. Inputs `crops.<g>` as in the step, outputs
   * [B, D] by name, one row per image; the views are those of no epoch.
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

/** What a trained method makes of an encoder's features. Built with `variables` of mode 'evaluate' afterwards. */
export interface MethodHead {
  /** Embeddings [N, D] on the unit sphere, of features [N, F]. */
  project(variables: Variables, features: Tensor): Tensor;
  /** Prototypes [K, D] in the space of the embeddings, where the method has any. */
  prototypes?(variables: Variables): Tensor;
  /** Probabilities [N, M] of the clusters, of features [N, F], where the method learns clusters itself. */
  assign?(variables: Variables, features: Tensor): Tensor;
}
