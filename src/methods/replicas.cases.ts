/**
 * Whole training steps on two replicas with half a batch each, beside the same step on one with the
 * whole batch.
 */
import { expect } from 'vitest';
import { createEngine } from '../backends/engine.ts';
import type { Backend } from '../backends/index.ts';
import { runReplicas } from '../backends/ranks.cases.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { input, sizeOf } from '../tensor/index.ts';
import { byol } from './byol.ts';
import { deepclusterV2 } from './deepclusterV2.ts';
import { instdisc } from './instdisc.ts';
import { moco } from './moco.ts';
import type { Moment, StepContext } from './program.ts';
import { simsiam } from './simsiam.ts';
import { nameOf, type TrainingStep } from './step.ts';
import { context, head, keys } from './stepFixture.cases.ts';
import { swav } from './swav.ts';

const REPLICAS = 2;
const B = 8;
const SIZE = 8;
const IMAGES = 30;
const moment: Moment = { step: 4, stepsPerEpoch: 10, totalSteps: 100 };
const values = (count: number, stream: number) => {
  const random = randomAt(3, 'synthetic', stream);
  return new Float32Array(count).map(() => random.normal());
};

export interface Replicated {
  views: number;
  build: Build;
}
type Build = (given: Partial<StepContext>) => TrainingStep;
const cropsOf = (batch: number, count: number) => [
  input('crops.0', [count * batch, 3, SIZE, SIZE]),
];

/** Steps by method, of `batchSize` images per replica with so many views. */
export const methods: Record<string, Replicated> = {
  swav: {
    views: 2,
    build: (given) =>
      swav.build(
        { ...head, prototypes: 5, queueLength: 16, queueStartEpoch: 0, sinkhornIterations: 5 },
        context(given),
        cropsOf(given.batchSize!, 2),
      ),
  },
  moco: {
    views: 2,
    build: (given) => moco.build(keys, context(given), cropsOf(given.batchSize!, 2)),
  },
  instdisc: {
    views: 1,
    build: (given) =>
      instdisc.build({ ...head, negatives: 9 }, context(given), cropsOf(given.batchSize!, 1)),
  },
  byol: {
    views: 2,
    build: (given) =>
      byol.build({ ...head, predictorDim: 4 }, context(given), cropsOf(given.batchSize!, 2)),
  },
  simsiam: {
    views: 2,
    build: (given) =>
      simsiam.build({ ...head, predictorDim: 4 }, context(given), cropsOf(given.batchSize!, 2)),
  },
  'deepcluster-v2': {
    views: 2,
    build: (given) =>
      deepclusterV2.build(
        { ...head, clusters: [4, 3] },
        context(given),
        cropsOf(given.batchSize!, 2),
      ),
  },
};

/** The state before the step: first values, and queues and banks with rows in them. */
function stateOf({ program, initialState }: TrainingStep): Values {
  const state = initialState(2);
  for (const [i, { current }] of program.state!.entries()) {
    const name = nameOf(current);
    if (/^(queue|bank|prototypes\.\d)/.test(name)) state[name] = values(sizeOf(current.shape), i);
    if (/^labels/.test(name)) state[name] = Float32Array.from({ length: IMAGES }, (_, n) => n % 3);
  }
  return state;
}

/** Rows of a rank, of crop-major pixels. */
function pixelsOf(pixels: Float32Array, views: number, rank: number): Float32Array {
  const perView = pixels.length / views;
  const perRank = perView / REPLICAS;
  return Float32Array.from({ length: views * perRank }, (_, i) => {
    const [view, at] = [Math.floor(i / perRank), i % perRank];
    return pixels[view * perView + rank * perRank + at]!;
  });
}

/**
 * Demands that two replicas take the same step of a method: the same mean loss, gradients, and
 * every value of the state afterwards.
 */
export async function expectStepOfWhole(
  backend: Backend,
  { views, build }: Replicated,
): Promise<void> {
  const shared = { images: IMAGES, imageSize: SIZE };
  const one = build({ ...shared, batchSize: B });
  const two = build({
    ...shared,
    batchSize: B / REPLICAS,
    replicas: REPLICAS,
    batchNorm: 'joined',
  });
  const state = stateOf(one);
  const pixels = values(views * B * 3 * SIZE * SIZE, 99);
  const indices = Int32Array.from({ length: B }, (_, i) => (7 * i + 3) % IMAGES);
  const feedsOf = (step: TrainingStep): Values => ({
    ...Object.fromEntries(
      Object.entries(step.scalars(moment)).map(([key, value]) => [key, Float32Array.of(value)]),
    ),
    ...step.draws?.(moment, 0),
  });
  const outputsOf = ({ gradients }: TrainingStep) =>
    Object.fromEntries(Object.entries(gradients).map(([key, gradient]) => [`d ${key}`, gradient]));

  const outputs = { loss: one.program.outputs.loss!, ...outputsOf(one) };
  const executable = await createEngine(backend).compile({ ...one.program, outputs });
  await executable.writeState(state);
  const whole = await executable.run({ ...feedsOf(one), 'crops.0': pixels, indices });
  const after = await executable.readState();
  await executable.dispose();

  const ranks = Array.from({ length: REPLICAS }, (_, rank) => ({
    ...feedsOf(two),
    ...state,
    'crops.0': pixelsOf(pixels, views, rank),
    indices: indices.slice((rank * B) / REPLICAS, ((rank + 1) * B) / REPLICAS),
  }));
  const found = await runReplicas(
    backend,
    { ...two.program, outputs: { loss: two.program.outputs.loss!, ...outputsOf(two) } },
    ranks,
  );
  const losses = found.map(({ results }) => results.loss![0]!);
  expect(losses.reduce((a, b) => a + b) / REPLICAS).toBeCloseTo(whole.loss![0]!, 4);
  expect(found[1]!.after).toEqual(found[0]!.after);
  expectEqual(found[0]!.results, whole, Object.keys(outputsOf(one)));
  expectEqual(found[0]!.after, after, Object.keys(after));
}

/** Demands values within 1e-4 of the largest of each: sums have another order. */
function expectEqual(received: Values, expected: Values, names: readonly string[]) {
  for (const name of names) {
    const [a, b] = [received[name]!, expected[name]!];
    expect(a.length, name).toBe(b.length);
    const scale = Math.max(1e-2, ...Array.from(b, Math.abs));
    const worst = Math.max(...Array.from(b, (value, i) => Math.abs(a[i]! - value)));
    expect(worst / scale, name).toBeLessThan(1e-4);
  }
}
