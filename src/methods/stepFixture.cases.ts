/**
 * A whole training step beside the same one in PyTorch, from a stored file: loss, every gradient,
 * and every value of the state afterwards (parameters, running statistics, momentum encoders,
 * queues, banks).
 *
 * Names in a file: `crops`, or `crops.<g>` per resolution; other inputs by their own names;
 * `before.<state>`; `loss`; `gradients.<parameter>`; `after.<state>`. Results of several variants
 * have the variant's name before theirs. State that no file holds starts at 0 and is not compared:
 * the optimizer state.
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
export const moment: Moment = { step: 2, stepsPerEpoch: 10, totalSteps: 100 };

/**
 * Largest difference allowed, relative to a tensor's largest value; below `FLOOR` a value counts as
 * 0.
 */
const TOLERANCE = 1e-4;
const FLOOR = 1e-6;

/** Names in a file that are no inputs. */
const RESULTS = /^(before|after|gradients|principled|asReleased)\.|^(crops|loss)$/;

export type Variant = 'corrected' | 'reference';
/** Names of the variants in the files. */
export const storedAs = { corrected: 'principled', reference: 'asReleased' } as const;

export interface StoredStep {
  /** Values under a name. */
  stored(name: string): Float32Array;
  /** Rests of the names that begin with a prefix. */
  under(prefix: string): string[];
  /** Inputs of the step: crops, indices and drawn numbers. */
  readonly feeds: Values;
  /** Symbolic crops, one tensor per resolution. */
  readonly crops: readonly [Tensor, ...Tensor[]];
}

export function openStored(file: string): StoredStep {
  const { tensors } = decodeSafetensors(
    readFileSync(new URL(`../../test/fixtures/${file}.safetensors`, import.meta.url)),
  );
  const stored = (name: string) => tensors[name]!.data as Float32Array;
  const under = (prefix: string) =>
    Object.keys(tensors).flatMap((name) =>
      name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
    );
  const inputs = Object.keys(tensors).filter((name) => !RESULTS.test(name));
  const feeds: Values = Object.fromEntries(
    inputs.map((name) => [name, tensors[name]!.data as Float32Array]),
  );
  if (tensors.crops) feeds['crops.0'] = stored('crops');
  const names = tensors.crops ? ['crops'] : under('crops.').map((g) => `crops.${g}`);
  const crops = names.map((name, g) => input(`crops.${g}`, tensors[name]!.shape));
  return { stored, under, feeds, crops: crops as [Tensor, ...Tensor[]] };
}

/**
 * Runs a step once from a state; gives its outputs, its gradients as `d <name>`, and the state
 * after.
 */
export async function runStep(
  engine: Engine,
  { program, gradients, scalars }: TrainingStep,
  { state, feeds, at = moment }: { state: Values; feeds: Values; at?: Moment },
): Promise<{ results: Values; after: Values }> {
  const named = Object.entries(gradients).map(([name, tensor]) => [`d ${name}`, tensor]);
  const executable = await engine.compile({
    ...program,
    outputs: { ...program.outputs, ...Object.fromEntries(named) },
  });
  await executable.writeState(state);
  const numbers = Object.entries(scalars(at)).map(([name, value]) => [
    name,
    Float32Array.of(value),
  ]);
  const results = await executable.run({ ...Object.fromEntries(numbers), ...feeds });
  const after = await executable.readState();
  await executable.dispose();
  return { results, after };
}

type Build = (crops: Tensor, ...others: Tensor[]) => TrainingStep;

/**
 * Runs the step that `build` writes for a file's crops, from the state of the file and `derived`.
 */
export async function runStored(
  engine: Engine,
  file: string,
  build: Build,
  {
    derived = () => ({}),
    at,
  }: { derived?: (stored: StoredStep['stored']) => Values; at?: Moment } = {},
) {
  const { stored, under, feeds, crops } = openStored(file);
  const step = build(...crops);
  const state = Object.fromEntries(
    under('before.').map((name) => [name, stored(`before.${name}`)]),
  );
  const ran = await runStep(engine, step, { state: { ...state, ...derived(stored) }, feeds, at });
  return { ...ran, stored, under, gradients: step.gradients };
}

/**
 * Demands that the step agrees in everything that the file holds, and that the file holds
 * everything.
 */
export async function expectStoredStep(
  engine: Engine,
  file: string,
  build: Build,
  options: { at?: Moment } = {},
) {
  const ran = await runStored(engine, file, build, options);
  expectResults(ran, '');
  const names = Object.keys(ran.after).filter((name) => !/^(momentum|adam)\./.test(name));
  expect(names.sort()).toEqual(ran.under('after.').sort());
}

/**
 * Demands the same of one variant of a method that contrasts with prototypes, after its warm-up,
 * and that the step leaves its clusters as they are.
 */
export async function expectStoredVariant(
  engine: Engine,
  file: string,
  variant: Variant,
  build: Build,
  { derived }: { derived?: (stored: StoredStep['stored']) => Values } = {},
) {
  const ran = await runStored(engine, file, build, { derived, at: { ...moment, step: 20 } });
  expectResults(ran, `${storedAs[variant]}.`);
  const { after, stored, under } = ran;
  for (const name of under('before.').filter((n) => /^(centroids|phi|labels|uniform)/.test(n)))
    expect(after[name], name).toEqual(stored(`before.${name}`));
  return ran;
}

/** Demands that loss, all gradients and the state after agree with those stored behind a prefix. */
function expectResults(
  { results, after, stored, under, gradients }: Awaited<ReturnType<typeof runStored>>,
  prefix: string,
) {
  expectClose(results.loss!, stored(`${prefix}loss`), 'loss');
  expect(Object.keys(gradients).sort()).toEqual(under(`${prefix}gradients.`).sort());
  for (const name of under(`${prefix}gradients.`)) {
    expectClose(results[`d ${name}`]!, stored(`${prefix}gradients.${name}`), `gradient of ${name}`);
  }
  for (const name of under(`${prefix}after.`))
    expectClose(after[name]!, stored(`${prefix}after.${name}`), `${name} afterwards`);
}

/** Demands values within 1e-4 of the largest one, or within `floor`. */
export function expectClose(
  received: TensorData,
  expected: Float32Array,
  what: string,
  { floor = FLOOR }: { floor?: number } = {},
) {
  expect(received.length, what).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = Math.max(TOLERANCE * scale, floor);
  expected.forEach((value, i) => {
    // Not "greater than": NaN must fail.
    const isClose = Math.abs(received[i]! - value) <= tolerance;
    expect(isClose, `${what}[${i}]: ${received[i]} for ${value}`).toBe(true);
  });
}
