/**
 * What a method is, to everything that trains, watches or evaluates it.
 *
 * A method states its step as one program: named outputs (the loss and what the run doctor watches), and state.
 * The trainer feeds images and scalars and knows nothing else.
 */
import type { Program, Values } from '../runtime/index.ts';

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

export interface MethodProgram {
  /** The step. Inputs: `crops.<g>` (uint8, [count * B, 3, s, s]) per crop group, and the scalars. */
  program: Program;
  /** First values of the whole state. */
  initialState(seed: number): Values;
  /** Values of the scalar inputs at a moment. */
  scalars(moment: Moment): Record<string, number>;
  /** Names of the state's values that the encoder needs (parameters and running statistics). */
  encoderState: readonly string[];
}
