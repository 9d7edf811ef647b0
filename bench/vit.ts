/**
 * Benchmarks a vision transformer that comes as an ONNX file, beside torchvision's with the same
 * weights: features as a pretrained encoder gives them, and steps of training it further. Timing
 * starts after both have computed the same features or losses.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Engine } from '../src/backends/index.ts';
import type { Program, Values } from '../src/compile/index.ts';
import { readOnnx } from '../src/formats/index.ts';
import { adam, createVariables, importGraph } from '../src/nn/index.ts';
import { constant, gradients, input, mean, mul, scalar, sub } from '../src/tensor/index.ts';
import { ownContender, peerContender } from './contenders.ts';
import { differenceOf, openPeer, pythonWith, withPeer } from './peer.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

export interface VitShape {
  /** Features of a batch, or a whole step of training with Adam. */
  work: 'features' | 'step';
  /** Sides of images and patches, in pixels. */
  size: number;
  patch: number;
  layers: number;
  heads: number;
  dimension: number;
  batch: number;
}

const small = { size: 224, patch: 14, layers: 12, heads: 6, dimension: 384 } as const;

/** Rows of the benchmark; those of `smoke` are for tests, with the graph of a test. */
export const vitRows: Readonly<Record<string, VitShape>> = {
  'vit-s14-224-features-b16': { ...small, work: 'features', batch: 16 },
  'vit-s14-224-features-b1': { ...small, work: 'features', batch: 1 },
  'vit-s14-224-step-b8': { ...small, work: 'step', batch: 8 },
  'smoke-features': { work: 'features', ...smoke(), batch: 3 },
  'smoke-step': { work: 'step', ...smoke(), batch: 3 },
};

function smoke() {
  return { size: 16, patch: 8, layers: 2, heads: 2, dimension: 16 };
}

export interface VitRow extends Speeds {
  name: string;
  /** Largest relative difference of features, or of the losses before and after a step. */
  difference: number | null;
}

const TOLERANCE = { features: 1e-4, step: 1e-3 } as const;
const LEARNING_RATE = 1e-4;

/** Benchmarks one row. Without PyTorch only the rows of `smoke` have a graph. */
export async function benchmarkVit(
  name: string,
  {
    rounds = 5,
    python = pythonWith('torchvision'),
  }: { rounds?: number; python?: string | null } = {},
): Promise<VitRow> {
  const shape = vitRows[name]!;
  return onStage(async ({ threads, folder, withEngine }) => {
    const of = { script: './pytorch/vit.py', options: { ...shape, threads } };
    const file = python ? join(folder, 'vit.onnx') : smokeGraph(name);
    const args: VitArgs = { shape, file };
    let difference: number | null = null;
    if (python) {
      const own = async () =>
        withEngine(async (engine) => {
          const once = await prepare(engine, args);
          if (shape.work === 'features') return (await once()).y as Float32Array;
          return [(await once()).loss![0]!, (await once()).loss![0]!];
        });
      difference = await withPeer(python, of, async (peer) => {
        await peer.ask({ save: file });
        if (shape.work === 'features') {
          return differenceOf(
            await own(),
            ((await peer.ask({ features: 0 })) as { features: number[] }).features,
          );
        }
        const found = (await peer.ask({ losses: 0 })) as { loss: number; lossAfter: number };
        const [loss, lossAfter] = (await own()) as [number, number];
        return Math.max(Math.abs(loss / found.loss - 1), Math.abs(lossAfter / found.lossAfter - 1));
      });
      if (!(difference < TOLERANCE[shape.work])) {
        throw new Error(`${name}: our ${shape.work} differs from PyTorch's by ${difference}`);
      }
    }
    const ours = ownContender({ module: './vit.ts', args, threads });
    const peers = python
      ? [peerContender({ name: 'PyTorch', open: () => openPeer(python, of) })]
      : [];
    const standing = await takeTurns(ours, peers, { rounds });
    return { name, ...speedsOf(standing, shape.batch), difference };
  });
}

function smokeGraph(name: string): string {
  if (name.startsWith('smoke')) {
    return new URL('../test/fixtures/graphs/vit.onnx', import.meta.url).pathname;
  }
  throw new Error(
    `${name}: received no torchvision; expected it for the graph (python3-torchvision)`,
  );
}

interface VitArgs {
  shape: VitShape;
  /** ONNX file with the input `x` and the output `y`. */
  file: string;
}

const waves = (count: number, factor: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(factor * i));

/** Prepares the work; each call computes the features of a batch, or runs a step. */
export async function prepare(
  engine: Engine,
  { shape, file }: VitArgs,
): Promise<() => Promise<Values>> {
  const { batch, size, work } = shape;
  const extents = [batch, 3, size, size];
  const images = waves(batch * 3 * size ** 2, 0.37);
  const bytes = readFileSync(file);
  if (work === 'features') {
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: engine.threads });
    return async () => {
      const { y } = await session.run({ x: new OrtTensor('float32', images, extents) });
      return { y: y!.data as Float32Array };
    };
  }
  const { program, initial } = vitStep(bytes, shape);
  const executable = await engine.compile(program);
  await executable.writeState(initial);
  const { scalars } = adam();
  let done = 0;
  return () => {
    const rates = Object.entries(scalars(++done, 'all')).map(([key, value]) => [
      key,
      Float32Array.of(value),
    ]);
    return executable.run({ x: images, ...Object.fromEntries(rates) });
  };
}

/** A step of Adam on the squared distance of features from targets, and its initial state. */
export function vitStep(
  bytes: Uint8Array,
  { batch, size }: Pick<VitShape, 'batch' | 'size'>,
): { program: Program; initial: Values } {
  const variables = createVariables();
  const x = input('x', [batch, 3, size, size]);
  const y = importGraph(readOnnx(bytes), { variables, feeds: { x }, output: 'y' });
  const distance = sub(y, constant(waves(y.shape[0]! * y.shape[1]!, 1.1), y.shape));
  const loss = mean(mul(distance, distance));
  const parameters = variables.parameters();
  const by = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const optimizer = adam();
  const slots: Record<string, Float32Array> = {};
  const state = parameters.flatMap(({ name, tensor }, i) => {
    const update = optimizer.update(
      { name, value: tensor, gradient: by[i]!, group: 'all' },
      scalar(LEARNING_RATE),
    );
    for (const { current } of update.slots) {
      const length = current.shape.reduce((a, b) => a * b, 1);
      slots[current.node.attributes.name as string] = new Float32Array(length);
    }
    return [{ current: tensor, next: update.next }, ...update.slots];
  });
  return {
    program: { name: 'bench-vit', outputs: { loss }, state },
    initial: { ...(variables.initialValues(0) as Values), ...slots },
  };
}
