/**
 * A whole training step of a method that contrasts with prototypes, beside the same one in PyTorch (PCL, HCSC).
 *
 * As `stepFixture.cases.ts`, with several resolutions, inputs that are drawn, and one set of results per `variant`:
 * `<variant>.loss`, `<variant>.gradients.<parameter>`, and for one of them `principled.after.<state>`.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Engine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { decodeSafetensors } from '../formats/index.ts';
import { input, type Tensor } from '../tensor/index.ts';
import type { TrainingStep } from './step.ts';
import { expectClose } from './stepFixture.cases.ts';

export type Variant = 'corrected' | 'reference';

/** Names of the variants in the files. */
export const storedAs = { corrected: 'principled', reference: 'asReleased' } as const;

/** Runs the step that `build` writes and demands that it agrees in everything that the file holds; gives its outputs. */
export async function expectStoredVariant(
  engine: Engine,
  {
    file,
    variant,
    derived = () => ({}),
  }: {
    file: string;
    variant: Variant;
    /** State that follows from what is stored, as a phase would have left it. */
    derived?(stored: (name: string) => Float32Array): Values;
  },
  build: (crops: Tensor[]) => TrainingStep,
): Promise<{ results: Values; stored(name: string): Float32Array }> {
  const { tensors } = decodeSafetensors(
    readFileSync(new URL(`../../test/fixtures/${file}.safetensors`, import.meta.url)),
  );
  const stored = (name: string) => tensors[name]!.data as Float32Array;
  const under = (prefix: string) =>
    Object.keys(tensors).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));

  const crops = under('crops.').map((g) => input(`crops.${g}`, tensors[`crops.${g}`]!.shape));
  const { program, gradients, scalars } = build(crops);
  const named = Object.entries(gradients).map(([name, tensor]) => [`d ${name}`, tensor]);
  const executable = await engine.compile({
    ...program,
    outputs: { ...program.outputs, ...Object.fromEntries(named) },
  });
  await executable.writeState({
    ...Object.fromEntries(under('before.').map((n) => [n, stored(`before.${n}`)])),
    ...derived(stored),
  });
  const feeds: Values = {};
  const isFed = /^(crops|indices|negativePrototypes|rowShifts|columnShifts)/;
  for (const [name, { data }] of Object.entries(tensors)) {
    if (isFed.test(name)) feeds[name] = data as Float32Array | Int32Array;
  }
  const moment = { step: 20, stepsPerEpoch: 10, totalSteps: 100 };
  for (const [name, value] of Object.entries(scalars(moment))) feeds[name] = Float32Array.of(value);
  const results = await executable.run(feeds);
  const after = await executable.readState();
  await executable.dispose();

  expectClose(results.loss!, stored(`${storedAs[variant]}.loss`), 'loss');
  expect(Object.keys(gradients).sort()).toEqual(under(`${storedAs[variant]}.gradients.`).sort());
  for (const name of under(`${storedAs[variant]}.gradients.`))
    expectClose(
      results[`d ${name}`]!,
      stored(`${storedAs[variant]}.gradients.${name}`),
      `gradient of ${name}`,
    );
  for (const name of under(`${storedAs[variant]}.after.`))
    expectClose(after[name]!, stored(`${storedAs[variant]}.after.${name}`), `${name} afterwards`);
  // What a step is given between epochs it leaves as it is.
  for (const name of under('before.').filter((n) => /^(centroids|phi|labels|uniform)/.test(n)))
    expect(after[name], name).toEqual(stored(`before.${name}`));
  return { results, stored };
}
