/**
 * Benchmarks one training step of a ResNet (forward, cross entropy over 128 classes, backward, SGD
 * with momentum) beside PyTorch in the faster of its memory formats. Timing starts after both
 * formats have computed our losses from the same weights and images.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../src/backends/index.ts';
import type { Program, Values } from '../src/compile/index.ts';
import { decodeSafetensors } from '../src/formats/index.ts';
import { createVariables, linear, resnet, sgd } from '../src/nn/index.ts';
import { crossEntropy, gradients, input, oneHot, scalar } from '../src/tensor/index.ts';
import { ownContender } from './contenders.ts';
import { formatContenders, largestDifference, saveStart } from './formats.ts';
import { pythonWith } from './peer.ts';
import { encoderRows, type Shape } from './shapes.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

/** Rows of the benchmark; `smoke` is for tests. */
export const stepRows: Readonly<Record<string, Shape>> = {
  ...encoderRows([64, 256]),
  smoke: { architecture: 'resnet18', stem: 'cifar', size: 8, width: 4, batch: 4 },
};

export interface StepRow extends Speeds {
  name: string;
  /** Largest relative difference of a loss over both memory formats. */
  lossDifference: number | null;
}

const CLASSES = 128;
const LEARNING_RATE = 0.01;
/** Largest difference of losses that count as the same computation. */
const TOLERANCE = 1e-4;

/** Benchmarks one row. */
export async function benchmarkStep(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<StepRow> {
  const shape = stepRows[name]!;
  return onStage(async ({ threads, folder, withEngine }) => {
    const args: StepArgs = { shape };
    let lossDifference: number | null = null;
    const of = (format: string) => ({
      script: './pytorch/step.py',
      options: { ...shape, format, threads },
    });
    if (python) {
      const start = join(folder, 'start.safetensors');
      args.start = start;
      await saveStart(python, of, start);
      const own = await withEngine(async (engine) => {
        const once = await prepare(engine, args);
        const loss = async () => (await once()).loss![0]!;
        return { loss: await loss(), lossAfter: await loss() };
      });
      lossDifference = await largestDifference(python, of, async (peer, format) =>
        compared(
          `${name}, ${format}`,
          own,
          (await peer.ask({ check: start })) as unknown as Checked,
        ),
      );
    }
    const ours = ownContender({ module: './step.ts', args, threads });
    const peers = python ? formatContenders(python, of, { request: 'steps' }) : [];
    const standing = await takeTurns(ours, peers, { rounds });
    return { name, ...speedsOf(standing, shape.batch), lossDifference };
  });
}

interface StepArgs {
  shape: Shape;
  /** File with weights, images and targets. Default: synthetic values. */
  start?: string;
}

/** Prepares the work; each call runs one step. */
export async function prepare(
  engine: Engine,
  { shape, start }: StepArgs,
): Promise<() => Promise<Values>> {
  const { program, initial } = stepProgram(shape);
  const { state, feeds } = start
    ? readStart(start, initial)
    : { state: initial, feeds: syntheticBatch(shape) };
  const executable = await engine.compile(program);
  await executable.writeState(state);
  return () => executable.run(feeds);
}

/** Reads weights, images and targets that a peer has written. */
function readStart(file: string, initial: Values): { state: Values; feeds: Values } {
  const { tensors } = decodeSafetensors(readFileSync(file));
  const data = (key: string) => (tensors[key]?.data as Float32Array | undefined) ?? initial[key]!;
  return {
    state: Object.fromEntries(Object.keys(initial).map((key) => [key, data(key)])),
    feeds: {
      images: tensors.images!.data as Float32Array,
      targets: Int32Array.from(tensors.targets!.data as Int32Array, Number),
    },
  };
}

/** Computes the loss before and after a step. */
interface Checked {
  loss: number;
  lossAfter: number;
}

/**
 * Computes the largest relative difference of the losses.
 *
 * @throws Error where they are not the same computation.
 */
function compared(name: string, own: Checked, theirs: Checked): number {
  const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);
  const difference = Math.max(
    relative(own.loss, theirs.loss),
    relative(own.lossAfter, theirs.lossAfter),
  );
  if (difference < TOLERANCE) return difference;
  throw new Error(
    `${name}: our losses ${own.loss}, ${own.lossAfter} differ from PyTorch's ` +
      `${theirs.loss}, ${theirs.lossAfter}`,
  );
}

/** Builds the step of a row and its initial state. */
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
  const images = Float32Array.from({ length: batch * 3 * size * size }, (_, i) =>
    Math.sin(i * 0.37),
  );
  return { images, targets: Int32Array.from({ length: batch }, (_, i) => (i * 7) % CLASSES) };
}
