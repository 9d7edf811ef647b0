/** Conditions of the stored steps of heads on features, and golden probabilities. */
import { adam } from '../nn/index.ts';
import { constant, type Tensor } from '../tensor/index.ts';
import type { Moment, StepContext } from './program.ts';
import { context } from './stepFixture.cases.ts';

/** Features of the stored steps, D. */
const FEATURES = 6;

/** Settings that all these files were made with. */
export const own = { clusters: 3, clusterHeads: 2 };
/** The first update of Adam. */
export const first: Moment = { step: 0, stepsPerEpoch: 10, totalSteps: 100 };

/** Context of a step on features. */
export function featureContext(given: Partial<StepContext> = {}): StepContext {
  return context({
    encoder: { architecture: 'pretrained', dimension: FEATURES },
    optimizer: adam(),
    optimizerSettings: { learningRate: 0.05, weightDecay: 0.1 },
    learningRate: () => 0.05,
    ...given,
  });
}

/** Rows as a constant [N, K]. */
export const table = (rows: readonly (readonly number[])[]): Tensor =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

/** Golden probabilities of four images, and of their partners. */
export const P = [
  [0.95, 0.03, 0.02],
  [0.02, 0.96, 0.02],
  [0.1, 0.2, 0.7],
  [0.9, 0.06, 0.04],
];
export const Q = [
  [0.9, 0.06, 0.04],
  [0.05, 0.9, 0.05],
  [0.2, 0.2, 0.6],
  [0.8, 0.1, 0.1],
];
