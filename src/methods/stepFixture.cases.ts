/**
 * A whole training step beside the same one in PyTorch, from a stored file: loss, every gradient, and every value of
 * the state afterwards (parameters, running statistics, momentum encoders, queues, banks).
 *
 * Names in a file: `crops`, or `crops.<g>` per resolution; other inputs by their own names; `before.<state>`; `loss`;
 * `gradients.<parameter>`; `after.<state>`. What lies in the state and in no file starts at 0 and is not compared: the optimizer state.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Engine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { decodeSafetensors } from '../formats/index.ts';
import { sgd } from '../nn/index.ts';
import { input, type Tensor, type TensorData } from '../tensor/index.ts';
import type { Moment, StepContext } from './program.ts';
import type { TrainingStep } from './step.ts';

/** Conditions that all these files were made under, with changes. */
export function context(given: Partial<StepContext> = {}): StepContext {
  return {
    batchSize: 8,
    images: 30,
    imageSize: 16,
    crops: [{ count: 2, size: 16 }],
    encoder: { architecture: 'resnet10', stem: 'cifar', stageWidths: [4, 8, 8, 8] },
    normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
    optimizerSettings: { learningRate: 0.5, weightDecay: 1e-3 },
    learningRate: () => 0.5,
    ...given,
  };
}

/** Settings of the projection head that all these files were made with. */
export const head = { hiddenDim: 12, embeddingDim: 6 };
/** Settings of a query, its key and a queue. */
export const keys = {
  ...head,
  headNorm: 'none',
  temperature: 0.2,
  encoderMomentum: 0.9,
  queueLength: 20,
} as const;

/** Moment at which a stored step is taken. */
const moment: Moment = { step: 2, stepsPerEpoch: 10, totalSteps: 100 };

/** Largest difference allowed, relative to a tensor's largest value; below `FLOOR` a value counts as 0. */
const TOLERANCE = 1e-4;
const FLOOR = 1e-6;

type Build = (crops: Tensor, ...others: Tensor[]) => TrainingStep;

/** Names in a file that are no inputs. */
const RESULTS = /^(before|after|gradients)\.|^(crops|loss)$/;

/** Runs the step that `build` writes for the file's crops, one tensor per resolution; gives outputs, gradients as `d <name>`, and the state after. */
export async function runStored(engine: Engine, file: string, build: Build) {
  const { tensors } = decodeSafetensors(
    readFileSync(new URL(`../../test/fixtures/${file}.safetensors`, import.meta.url)),
  );
  const stored = (name: string) => tensors[name]!.data as Float32Array;
  const under = (prefix: string) =>
    Object.keys(tensors).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const [crops, ...others] = (tensors.crops ? ['crops'] : under('crops.').map((g) => `crops.${g}`)).map(
    (name, g) => input(`crops.${g}`, tensors[name]!.shape),
  );
  const { program, gradients, scalars } = build(crops!, ...others);
  const named = Object.entries(gradients).map(([name, tensor]) => [`d ${name}`, tensor]);
  const executable = await engine.compile({
    ...program,
    outputs: { ...program.outputs, ...Object.fromEntries(named) },
  });
  await executable.writeState(Object.fromEntries(under('before.').map((n) => [n, stored(`before.${n}`)])));
  const feeds: Values = tensors.crops ? { 'crops.0': stored('crops') } : {};
  for (const [name, { data }] of Object.entries(tensors)) {
    if (!RESULTS.test(name)) feeds[name] = data as Float32Array | Int32Array;
  }
  for (const [name, value] of Object.entries(scalars(moment))) feeds[name] = Float32Array.of(value);
  const results = await executable.run(feeds);
  const after = await executable.readState();
  await executable.dispose();
  return { results, after, stored, under, gradients };
}

/** Demands that the step agrees in everything that the file holds, and that the file holds everything. */
export async function expectStoredStep(engine: Engine, file: string, build: Build) {
  const { results, after, stored, under, gradients } = await runStored(engine, file, build);
  expectClose(results.loss!, stored('loss'), 'loss');
  expect(Object.keys(gradients).sort()).toEqual(under('gradients.').sort());
  for (const name of under('gradients.')) {
    expectClose(results[`d ${name}`]!, stored(`gradients.${name}`), `gradient of ${name}`);
  }
  const names = Object.keys(after).filter((name) => !name.startsWith('momentum.'));
  expect(names.sort()).toEqual(under('after.').sort());
  for (const name of under('after.'))
    expectClose(after[name]!, stored(`after.${name}`), `${name} afterwards`);
}

/** Largest difference over the largest value. */
export function expectClose(received: TensorData, expected: Float32Array, what: string) {
  expect(received.length, what).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = Math.max(TOLERANCE * scale, FLOOR);
  expected.forEach((value, i) => {
    // Not "greater than": NaN must fail.
    const isClose = Math.abs(received[i]! - value) <= tolerance;
    expect(isClose, `${what}[${i}]: ${received[i]} for ${value}`).toBe(true);
  });
}
