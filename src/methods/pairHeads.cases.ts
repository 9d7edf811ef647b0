/** Shared cases of IIC and PICA: probabilities, and a whole step beside PyTorch. For tests only. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Engine } from '../backends/index.ts';
import { constant, input, softmax, type Tensor } from '../tensor/index.ts';
import type { StepContext } from './program.ts';
import type { TrainingStep } from './step.ts';
import { context, expectClose, openStored, runStep } from './stepFixture.cases.ts';

/** Matrix of given rows. */
export const matrix = (rows: readonly (readonly number[])[]) =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

/** Probabilities of four images, and of their perturbed copies, whose losses numpy gave. */
export const P = matrix([
  [0.95, 0.03, 0.02],
  [0.02, 0.96, 0.02],
  [0.1, 0.2, 0.7],
  [0.9, 0.06, 0.04],
]);
export const Q = matrix([
  [0.9, 0.06, 0.04],
  [0.05, 0.9, 0.05],
  [0.2, 0.2, 0.6],
  [0.8, 0.1, 0.1],
]);

/** Builds one-hot rows of K clusters, `per` images in each. */
export const oneHotRows = (K: number, per: number) =>
  matrix(
    Array.from({ length: K * per }, (_, i) =>
      Array.from({ length: K }, (_, k) => (k === i % K ? 1 : 0)),
    ),
  );

/** The same row B times. */
export const sameRows = (row: readonly number[], B: number) =>
  matrix(Array.from({ length: B }, () => row));

const ROWS = 6;
const K = 4;

/** Logits of one view, six images and four clusters. */
export const logitsOfView = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), {
  minLength: ROWS * K,
  maxLength: ROWS * K,
});

/** Compiles a loss for probabilities of logits, once per number of images. */
export async function compileLoss(engine: Engine, lossOf: (x: Tensor, y: Tensor) => Tensor) {
  const compiled = await Promise.all(
    [ROWS, 2 * ROWS].map((B) => {
      const [x, y] = ['x', 'y'].map((name) => softmax(input(name, [B, K])));
      return engine.compile({ outputs: { loss: lossOf(x!, y!) } });
    }),
  );
  return {
    async of(x: readonly number[], y: readonly number[]): Promise<number> {
      const executable = compiled[x.length === ROWS * K ? 0 : 1]!;
      const feeds = { x: Float32Array.from(x), y: Float32Array.from(y) };
      return (await executable.run(feeds)).loss![0]!;
    },
    async close() {
      for (const executable of compiled) await executable.dispose();
    },
  };
}

/** Logits with the clusters one place further. */
export const nextCluster = (logits: readonly number[]) =>
  logits.map((_, i) => logits[Math.floor(i / K) * K + ((i + 1) % K)]!);

/** Own settings that the stored steps were made with. */
export const stored = { clusters: 5, overClusters: 9, perturbedViews: 2 } as const;

/** Conditions that the stored steps were made under, with changes. */
export const pairContext = (given: Partial<StepContext> = {}) =>
  context({
    crops: [
      { count: 1, size: 16 },
      { count: 2, size: 16 },
    ],
    encoder: {
      ...context().encoder,
      stem: 'pooled',
      frontEnd: 'sobel',
    },
    ...given,
  });

/** Epochs of the turns of stored results; over-clustering begins. */
const epochs = { together: 0, over: 0, cluster: 1 } as const;

/**
 * Demands that a step agrees with PyTorch's: loss, all gradients, running mean losses, and where
 * both groups of heads learn together every value of the state.
 */
export async function expectPairStep(
  engine: Engine,
  file: string,
  turn: keyof typeof epochs,
  build: (crops: readonly Tensor[]) => TrainingStep,
): Promise<void> {
  const { stored: values, under, crops } = openStored(file);
  const step = build(crops);
  const state = Object.fromEntries(
    under('before.').map((name) => [name, values(`before.${name}`)]),
  );
  const feeds = { 'crops.0': values('crops.0'), 'crops.1': values('crops.1') };
  const at = { step: 10 * epochs[turn] + 2, stepsPerEpoch: 10, totalSteps: 100 };
  const { results, after } = await runStep(engine, step, { state, feeds, at });
  const prefix = turn === 'together' ? '' : `${turn}.`;
  expectClose(results.loss!, values(`${prefix}loss`), 'loss');
  const names = under(`${prefix}gradients.`);
  expect(Object.keys(step.gradients).sort()).toEqual(names.toSorted());
  for (const name of names) {
    expectClose(results[`d ${name}`]!, values(`${prefix}gradients.${name}`), `gradient of ${name}`);
  }
  for (const name of under(`${prefix}after.`)) {
    expectClose(after[name]!, values(`${prefix}after.${name}`), `${name} afterwards`);
  }
}
