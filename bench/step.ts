/**
 * One training step of a ResNet (forward, cross entropy over 128 classes, backward, SGD with momentum), ours and PyTorch's, in
 * turns. The peer is the better of its two memory formats. Times count only after both have been shown to compute the same
 * loss from the same weights and images.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from '../src/formats/index.ts';
import { createVariables, linear, resnet, type Stem, sgd } from '../src/nn/index.ts';
import type { Executable, Program, Values } from '../src/runtime/index.ts';
import { crossEntropy, gradients, input, oneHot, scalar } from '../src/tensor/index.ts';
import { type Peer, pythonWith } from './peer.ts';
import { onStage } from './stage.ts';
import { type Contender, contender, type Speeds, speedsOf, takeTurns } from './turns.ts';

export interface Shape {
  architecture: 'resnet18' | 'resnet50';
  stem: Stem;
  size: number;
  width: number;
  batch: number;
}

/** The rows of the benchmark; `smoke` is for tests. */
export const stepRows: Readonly<Record<string, Shape>> = {
  ...rowsOf('resnet18', 'cifar', [32], [64, 32, 16], [64, 256]),
  ...rowsOf('resnet18', 'imagenet', [64, 96], [64], [64]),
  ...rowsOf('resnet50', 'imagenet', [64, 96], [64], [64]),
  smoke: { architecture: 'resnet18', stem: 'cifar', size: 8, width: 4, batch: 4 },
};

/** Every combination, by names such as `resnet18-cifar-32-w64-b256`. */
function rowsOf(
  architecture: Shape['architecture'],
  stem: Stem,
  sizes: readonly number[],
  widths: readonly number[],
  batches: readonly number[],
): Record<string, Shape> {
  return Object.fromEntries(
    sizes.flatMap((size) =>
      widths.flatMap((width) =>
        batches.map((batch) => [
          `${architecture}-${stem}-${size}-w${width}-b${batch}`,
          { architecture, stem, size, width, batch },
        ]),
      ),
    ),
  );
}

export interface StepRow extends Speeds {
  name: string;
  /** Relative difference of the two losses. */
  lossDifference: number | null;
}

/** Memory formats of the peer. */
export const formats = ['contiguous', 'channels_last'] as const;

const CLASSES = 128;
const LEARNING_RATE = 0.01;
/** Losses further apart than this are not the same computation. */
const TOLERANCE = 1e-4;

/** Times one row. */
export async function benchmarkStep(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<StepRow> {
  const shape = stepRows[name]!;
  return onStage(async ({ engine, threads, folder, open }) => {
    const { program, initial } = stepProgram(shape);
    const executable = await engine.compile(program);
    const peers: Peer[] = [];
    let feeds = syntheticBatch(shape);
    let lossDifference: number | null = null;
    if (python) {
      for (const format of formats) {
        peers.push(
          await open(python, { script: './pytorch/step.py', options: { ...shape, format, threads } }),
        );
      }
      const file = join(folder, 'start.safetensors');
      await peers[0]!.ask({ save: file });
      const { tensors } = decodeSafetensors(readFileSync(file));
      const state = { ...initial };
      for (const [key, { data }] of Object.entries(tensors))
        if (key in state) state[key] = data as Float32Array;
      feeds = {
        images: tensors.images!.data as Float32Array,
        targets: Int32Array.from(tensors.targets!.data as Int32Array, Number),
      };
      await executable.writeState(state);
      lossDifference = await compared(name, executable, feeds, peers[0]!, file);
    } else await executable.writeState(initial);
    const ours = contender('likeness', () => executable.run(feeds));
    const theirs = peers.map((peer, i) => stepsOf(formats[i]!, peer));
    const standing = await takeTurns(ours, theirs, { rounds });
    return { name, ...speedsOf(standing, shape.batch), lossDifference };
  });
}

/** Relative difference of the losses before and after a step; throws where they are not the same computation. */
async function compared(
  name: string,
  executable: Executable,
  feeds: Values,
  peer: Peer,
  file: string,
): Promise<number> {
  const first = (await executable.run(feeds)).loss![0]!;
  const second = (await executable.run(feeds)).loss![0]!;
  const check = (await peer.ask({ check: file })) as { loss: number; lossAfter: number };
  const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);
  const difference = Math.max(relative(first, check.loss), relative(second, check.lossAfter));
  if (difference < TOLERANCE) return difference;
  throw new Error(
    `${name}: our losses ${first}, ${second} and PyTorch's ${check.loss}, ${check.lossAfter} differ`,
  );
}

function stepsOf(format: string, peer: Peer): Contender {
  return {
    name: format,
    run: async (steps) => ((await peer.ask({ steps })) as { ms: number[] }).ms,
  };
}

/** The step of a row, and the state that it starts from. */
export function stepProgram({ architecture, stem, size, width, batch }: Shape): {
  program: Program;
  initial: Values;
} {
  const variables = createVariables();
  const images = input('images', [batch, 3, size, size]);
  const targets = input('targets', [batch], 'int32');
  const features = resnet(variables, images, { architecture, stem, width });
  const loss = crossEntropy(
    linear(variables, 'fc', features, { features: CLASSES }),
    oneHot(targets, CLASSES),
  );
  const parameters = variables.parameters();
  const by = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const optimizer = sgd({ momentum: 0.9 });
  const state = parameters.flatMap(({ name, tensor }, i) => {
    const update = optimizer.update(
      { name, value: tensor, gradient: by[i]!, group: 'all' },
      scalar(LEARNING_RATE),
    );
    return [{ current: tensor, next: update.next }, ...update.slots];
  });
  for (const { tensor, next } of variables.buffers()) state.push({ current: tensor, next });
  return {
    program: { name: 'bench-step', outputs: { loss }, state },
    initial: variables.initialValues(0) as Values,
  };
}

export function syntheticBatch({ batch, size }: Shape): Values {
  const images = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => Math.sin(i * 0.37));
  return { images, targets: Int32Array.from({ length: batch }, (_, i) => (i * 7) % CLASSES) };
}
