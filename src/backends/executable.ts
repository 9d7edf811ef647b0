/** A program that is ready to run on a device. */
import type { Plan, Values } from '../compile/index.ts';

export interface Executable {
  /** The kernels that this program uses. */
  readonly plan: Plan;
  /** The compiled graph as an ONNX file. */
  readonly model: Uint8Array;
  /** Number of operators of the graph, before lowering. */
  readonly nodeCount: number;
  /**
   * Runs once. With `transfer`, the inputs' buffers are handed over and cannot be read afterwards.
   * Inputs in shared memory are read in place: they must not change before the results are there.
   */
  run(inputs: Values, options?: { transfer?: boolean }): Promise<Values>;
  /** Copies of the state, or of the named values. */
  readState(names?: readonly string[]): Promise<Values>;
  writeState(values: Values): Promise<void>;
  dispose(): Promise<void>;
}
