/**
 * Benchmarks the embedding of images with a ResNet (running statistics, no gradients) beside
 * PyTorch in the faster of its memory formats, after both formats have computed our features for
 * the same weights and images.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../src/backends/index.ts';
import type { Values } from '../src/compile/index.ts';
import { decodeSafetensors } from '../src/formats/index.ts';
import { createVariables, resnet } from '../src/nn/index.ts';
import { input } from '../src/tensor/index.ts';
import { ownContender } from './contenders.ts';
import { formatContenders, largestDifference, saveStart } from './formats.ts';
import { differenceOf, pythonWith } from './peer.ts';
import { encoderRows, type Shape } from './shapes.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

/** Rows of the benchmark; `smoke` is for tests. */
export const inferenceRows: Readonly<Record<string, Shape>> = {
  ...encoderRows([1, 64, 256]),
  smoke: { architecture: 'resnet18', stem: 'cifar', size: 8, width: 4, batch: 2 },
};

export interface InferenceRow extends Speeds {
  name: string;
  /** Largest difference of a feature over both memory formats, relative to the largest feature. */
  featureDifference: number | null;
}

/** Largest difference of features that count as the same computation. */
const TOLERANCE = 1e-4;

/** Benchmarks one row. */
export async function benchmarkInference(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<InferenceRow> {
  const shape = inferenceRows[name]!;
  const { batch, size, architecture, stem, width } = shape;
  return onStage(async ({ threads, folder, withEngine }) => {
    const args: InferenceArgs = { shape };
    let featureDifference: number | null = null;
    const of = (format: string) => {
      const options = { architecture, stem, size, width, batch, format, threads };
      return { script: './pytorch/step.py', options };
    };
    if (python) {
      const start = join(folder, 'start.safetensors');
      args.start = start;
      await saveStart(python, of, start);
      const own = await withEngine(
        async (engine) => (await (await prepare(engine, args))()).features,
      );
      featureDifference = await largestDifference(python, of, async (peer, format) => {
        const { features } = (await peer.ask({ features: start })) as { features: number[] };
        const difference = differenceOf(own as Float32Array, features);
        if (difference < TOLERANCE) return difference;
        throw new Error(
          `${name}, ${format}: our features differ from PyTorch's by ${difference} of the largest`,
        );
      });
    }
    const ours = ownContender({ module: './inference.ts', args, threads });
    const peers = python ? formatContenders(python, of, { request: 'infer' }) : [];
    const standing = await takeTurns(ours, peers, { rounds });
    return { name, ...speedsOf(standing, batch), featureDifference };
  });
}

interface InferenceArgs {
  shape: Shape;
  /** File with weights and images. Default: synthetic values. */
  start?: string;
}

/** Prepares the work; each call computes the features of a batch. */
export async function prepare(
  engine: Engine,
  { shape: { batch, size, architecture, stem, width }, start }: InferenceArgs,
): Promise<() => Promise<Values>> {
  const variables = createVariables({ mode: 'evaluate' });
  const features = resnet(variables, input('images', [batch, 3, size, size]), {
    ...{ architecture, stem, width },
  });
  const held = [...variables.parameters(), ...variables.buffers()];
  const executable = await engine.compile({
    name: 'bench-inference',
    outputs: { features },
    state: held.map(({ tensor }) => ({ current: tensor })),
  });
  const state: Values = { ...variables.initialValues(0) };
  let feeds: Values = { images: new Float32Array(batch * 3 * size * size).fill(0.5) };
  if (start) {
    const { tensors } = decodeSafetensors(readFileSync(start));
    for (const [key, { data }] of Object.entries(tensors))
      if (key in state) state[key] = data as Float32Array;
    feeds = { images: tensors.images!.data as Float32Array };
  }
  await executable.writeState(state);
  return () => executable.run(feeds);
}
