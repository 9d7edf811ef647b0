/** Size of the trained weights over a run, which tells divergence where the loss does not. */
import type { Values } from '../compile/index.ts';
import type { MethodProgram } from '../methods/index.ts';

/** Weights as a step leaves them. */
export interface Weights {
  /** Norm of all trained weights. */
  readonly norm: number;
  /** False where a weight or a value of the optimizer is infinite or not a number. */
  readonly isFinite: boolean;
}

/** Steps between two readings of the weights, after the first ones. */
const EVERY = 256;

/** Tells steps after which the weights are read: 1, 2, 4, ... 256, 512, 768, ..., and the last. */
export function areWeightsRead(step: number, totalSteps: number | undefined): boolean {
  return (
    step === totalSteps || step % EVERY === 0 || (step < EVERY && Number.isInteger(Math.log2(step)))
  );
}

/** Names of the trained weights of encoder and heads. */
export function trainedNames({ steps, encoderState }: MethodProgram): string[] {
  const trained = new Set(steps.flatMap((step) => step.trained ?? []));
  return encoderState.filter((name) => trained.has(name));
}

/** Measures the values of a run's state: the norm of the named ones, and all for finiteness. */
export function measureWeights(values: Values, names: readonly string[]): Weights {
  return {
    norm: normOf(values, names),
    isFinite: Object.values(values).every((value) => isAllFinite(value as Float32Array)),
  };
}

/** Norm of the named values together: `sqrt(sum of squares)`. */
export function normOf(values: Values, names: readonly string[]): number {
  let total = 0;
  for (const name of names)
    for (const value of values[name] as Float32Array) total += value * value;
  return Math.sqrt(total);
}

/** Distance of the named values from earlier ones, as a fraction of the earlier norm. */
export function changeOf(before: Values, after: Values, names: readonly string[]): number {
  let total = 0;
  for (const name of names) {
    const [from, to] = [before[name] as Float32Array, after[name] as Float32Array];
    for (let i = 0; i < from.length; i++) total += (to[i]! - from[i]!) ** 2;
  }
  return Math.sqrt(total) / normOf(before, names);
}

/** Tells that no value is infinite or not a number, each of which stays so when times 0. */
function isAllFinite(values: Float32Array): boolean {
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += values[i]! * 0;
  return zero === 0;
}
