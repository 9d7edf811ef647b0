/**
 * Benchmarks one training step of SwAV (several resolutions, the head, Sinkhorn with a full queue,
 * swapped prediction, LARC) beside PyTorch on the same crops. Timing starts after PyTorch in both
 * memory formats has computed our losses before and after a step from the same weights.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, Executable } from '../src/backends/index.ts';
import type { Values } from '../src/compile/index.ts';
import { randomAt } from '../src/core/random.ts';
import { encodeSafetensors } from '../src/formats/index.ts';
import { parseCrops, swav, type TrainingStep } from '../src/methods/index.ts';
import { larc } from '../src/nn/index.ts';
import { input } from '../src/tensor/index.ts';
import { ownContender } from './contenders.ts';
import { formatContenders, largestDifference } from './formats.ts';
import { type Peer, pythonWith } from './peer.ts';
import type { Shape } from './shapes.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

export interface SwavShape extends Omit<Shape, 'architecture' | 'size'> {
  architecture: 'resnet10' | 'resnet18';
  /** Setting `crops`, such as `2x64+4x32`. */
  crops: string;
  prototypes: number;
  hiddenLength: number;
  queueLength: number;
}

const multiCrop: Omit<SwavShape, 'batch'> = {
  ...{ architecture: 'resnet18', stem: 'imagenet', width: 64, crops: '2x64+4x32' },
  ...{ prototypes: 1000, hiddenLength: 2048, queueLength: 1024 },
};

/** Rows of the benchmark; `smoke` is for tests. */
export const swavRows: Readonly<Record<string, SwavShape>> = {
  'resnet18-2x64+4x32-w64-b64': { ...multiCrop, batch: 64 },
  'resnet18-2x64+4x32-w64-b256': { ...multiCrop, batch: 256 },
  'resnet10-2x32-w16-b256': {
    ...{ architecture: 'resnet10', stem: 'cifar', width: 16, batch: 256, crops: '2x32' },
    ...{ prototypes: 512, hiddenLength: 256, queueLength: 1024 },
  },
  smoke: {
    ...{ architecture: 'resnet10', stem: 'cifar', width: 4, batch: 4, crops: '2x8+1x8' },
    ...{ prototypes: 8, hiddenLength: 8, queueLength: 8 },
  },
};

export interface SwavRow extends Speeds {
  name: string;
  /** Largest relative difference of a loss over both memory formats. */
  lossDifference: number | null;
}

const EMBEDDING = 128;
const LEARNING_RATE = 0.3;
const LARC = { momentum: 0.9, weightDecay: 1e-6, trust: 0.001 };
const SWAV = { temperature: 0.1, epsilon: 0.05, sinkhornIterations: 3 };
/** Largest difference of losses that count as the same computation. */
const TOLERANCE = 1e-4;

/** Benchmarks one row; an image counts once, whatever its number of crops. */
export async function benchmarkSwav(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<SwavRow> {
  const shape = swavRows[name]!;
  return onStage(async ({ threads, folder, withEngine }) => {
    const { method, crops } = stepOf(shape);
    const state = method.initialState(0);
    const feedsAt = (step: number) => feedsOf(method, crops, { step });
    const file = join(folder, 'start.safetensors');
    const peerOf = (format: string) => {
      const {
        batch,
        stem,
        width,
        architecture,
        prototypes,
        hiddenLength: hidden,
        queueLength: queue,
      } = shape;
      const sizes = {
        batch,
        stem,
        width,
        architecture,
        prototypes,
        hidden,
        queue,
        dimensions: EMBEDDING,
      };
      const options = { ...sizes, rate: LEARNING_RATE, start: file, format, threads };
      return { script: './pytorch/swav_step.py', options };
    };
    let lossDifference: number | null = null;
    if (python) {
      writeFileSync(file, encodeSafetensors(stored({ ...state, ...crops }, shape)));
      const own = await withEngine(async (engine) => {
        const executable = await engine.compile(method.program);
        await executable.writeState(state);
        return [await lossOf(executable, feedsAt(0)), await lossOf(executable, feedsAt(1))];
      });
      lossDifference = await largestDifference(python, peerOf, async (peer, format) => {
        const { losses } = (await peer.ask({ losses: own.length })) as { losses: number[] };
        const difference = Math.max(...own.map((loss, i) => Math.abs(loss / losses[i]! - 1)));
        if (difference < TOLERANCE) return difference;
        throw new Error(`${name}, ${format}: our losses ${own} and PyTorch's ${losses} differ`);
      });
    }
    const ours = ownContender({ module: './swav.ts', args: { shape }, threads });
    const fill = (peer: Peer) => peer.ask({ fill: true });
    const peers = python ? formatContenders(python, peerOf, { request: 'steps', ready: fill }) : [];
    const standing = await takeTurns(ours, peers, { rounds });
    return { name, ...speedsOf(standing, shape.batch), lossDifference };
  });
}

/**
 * Prepares the work; each call runs one step with a full queue, so that every step does the same
 * work.
 */
export async function prepare(
  engine: Engine,
  { shape }: { shape: SwavShape },
): Promise<() => Promise<Values>> {
  const { method, crops } = stepOf(shape);
  const executable = await engine.compile(method.program);
  await executable.writeState(method.initialState(0));
  const full = feedsOf(method, crops, { step: 1e4 });
  return () => executable.run(full);
}

/** Inputs of a step late in a long run. */
function feedsOf(method: TrainingStep, crops: Values, { step }: { step: number }): Values {
  const scalars = method.scalars({ step, stepsPerEpoch: 100, totalSteps: 1e5 });
  const held = Object.entries(scalars).map(([key, value]) => [key, Float32Array.of(value)]);
  return { ...crops, ...Object.fromEntries(held) };
}

async function lossOf(executable: Executable, feeds: Values): Promise<number> {
  return (await executable.run(feeds)).loss![0]!;
}

/** Builds the step of a row and its crops: normal noise, like normalized images. */
function stepOf({ architecture, stem, width, batch, crops, ...sizes }: SwavShape) {
  const groups = parseCrops(crops);
  const images = groups.map(({ count, size }, g) =>
    input(`crops.${g}`, [count * batch, 3, size, size]),
  );
  const { hiddenLength: hiddenDim, ...own } = sizes;
  const method = swav.build(
    {
      ...SWAV,
      ...own,
      hiddenDim,
      embeddingDim: EMBEDDING,
      queueStartEpoch: 0,
      freezePrototypesSteps: 0,
    },
    {
      batchSize: batch,
      images: batch,
      imageSize: groups[0]!.size,
      crops: groups,
      encoder: { architecture, stem, width },
      normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
      optimizer: larc(LARC),
      optimizerSettings: { learningRate: LEARNING_RATE, weightDecay: LARC.weightDecay },
      learningRate: () => LEARNING_RATE,
    },
    images,
  );
  const noise = images.map(({ shape }, g): [string, Float32Array] => {
    const random = randomAt(0, 'synthetic', g);
    const data = new Float32Array(shape.reduce((a, b) => a * b)).map(() => random.normal());
    return [`crops.${g}`, data];
  });
  return { method, crops: Object.fromEntries(noise) };
}

/** Writes weights and crops as tensors of a file; crops are `[count batch, 3, size, size]`. */
function stored(values: Values, { batch, crops }: SwavShape) {
  const groups = parseCrops(crops);
  return Object.fromEntries(
    Object.entries(values).map(([name, data]) => {
      const group = name.startsWith('crops.')
        ? groups[Number(name.slice('crops.'.length))]
        : undefined;
      const shape = group ? [group.count * batch, 3, group.size, group.size] : [data.length];
      return [name, { dtype: 'float32' as const, shape, data: data as Float32Array }];
    }),
  );
}
