/**
 * One training step of a ResNet-18 (forward, cross entropy over 128 classes, backward, SGD with momentum), ours and
 * PyTorch's, in turns. The peer is the better of its two memory formats. Times count only after both have been shown to
 * compute the same loss from the same weights and images.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir } from '../src/data/index.ts';
import { decodeSafetensors } from '../src/formats/index.ts';
import { createVariables, linear, resnet, type Stem, sgd } from '../src/nn/index.ts';
import { openPlanStore } from '../src/run/index.ts';
import { type Executable, openEngine, runtimeVersion, type Values } from '../src/runtime/index.ts';
import { crossEntropy, gradients, input, oneHot, scalar } from '../src/tensor/index.ts';
import { openPeer, type Peer, pythonWithTorch } from './peer.ts';

interface Shape {
  stem: Stem;
  size: number;
  width: number;
  batch: number;
}

/** The rows of the benchmark; `smoke` is for tests. */
export const stepRows: Record<string, Shape> = {
  'cifar-32-w64': { stem: 'cifar', size: 32, width: 64, batch: 64 },
  'cifar-32-w16': { stem: 'cifar', size: 32, width: 16, batch: 64 },
  'imagenet-64-w64': { stem: 'imagenet', size: 64, width: 64, batch: 64 },
  smoke: { stem: 'cifar', size: 8, width: 4, batch: 4 },
};

export interface StepRow {
  name: string;
  /** Images per second. */
  ours: number;
  peer: number | null;
  /** Median over pairs of our throughput over the peer's; above 1: we are faster. */
  ratio: number | null;
  /** Smallest and largest ratio of a pair. */
  spread: [number, number] | null;
  /** Images per second of both of the peer's formats. */
  formats?: { contiguous: number; channels_last: number };
  /** Relative difference of the two losses. */
  lossDifference: number | null;
}

const CLASSES = 128;
const LEARNING_RATE = 0.01;
/** Losses further apart than this are not the same computation. */
const TOLERANCE = 1e-4;
const WARM_STEPS = 3;

export function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    threads: availableParallelism(),
    node: process.version,
    runtime: runtimeVersion,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Ratios of our speed to the peer's, pair by pair, from the times of each turn. */
export function pairRatios(ours: readonly number[], peer: readonly number[]): number[] {
  return ours.map((time, i) => peer[i]! / time);
}

/** Times one row. */
export async function benchmarkStep(
  name: string,
  { rounds = 5, python = pythonWithTorch() }: { rounds?: number; python?: string | null } = {},
): Promise<StepRow> {
  const shape = stepRows[name]!;
  const threads = availableParallelism();
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
  const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
  const peers: Peer[] = [];
  try {
    const { executable, initial } = await compileStep(engine, shape);
    const state = { ...initial };
    let feeds = syntheticBatch(shape);
    let lossDifference: number | null = null;
    if (python) {
      for (const format of ['contiguous', 'channels_last'] as const) {
        peers.push(await openPeer(python, { ...shape, format, threads }));
      }
      const file = join(folder, 'start.safetensors');
      await peers[0]!.ask({ save: file });
      const { tensors } = decodeSafetensors(readFileSync(file));
      for (const [key, { data }] of Object.entries(tensors))
        if (key in state) state[key] = data as Float32Array;
      feeds = {
        images: tensors.images!.data as Float32Array,
        targets: Int32Array.from(tensors.targets!.data as Int32Array, Number),
      };
      await executable.writeState(state);
      const first = (await executable.run(feeds)).loss![0]!;
      const second = (await executable.run(feeds)).loss![0]!;
      const check = (await peers[0]!.ask({ check: file })) as { loss: number; lossAfter: number };
      const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);
      lossDifference = Math.max(relative(first, check.loss), relative(second, check.lossAfter));
      if (!(lossDifference < TOLERANCE)) {
        throw new Error(
          `${name}: our losses ${first}, ${second} and PyTorch's ${check.loss}, ${check.lossAfter} differ`,
        );
      }
    } else await executable.writeState(state);
    return { name, lossDifference, ...(await takeTurns(shape, { executable, feeds, peers, rounds })) };
  } finally {
    for (const peer of peers) peer.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compileStep(
  engine: Awaited<ReturnType<typeof openEngine>>,
  { stem, size, width, batch }: Shape,
) {
  const variables = createVariables();
  const images = input('images', [batch, 3, size, size]);
  const targets = input('targets', [batch], 'int32');
  const features = resnet(variables, images, { architecture: 'resnet18', stem, width });
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
  const executable = await engine.compile({ name: 'bench-step', outputs: { loss }, state });
  return { executable, initial: variables.initialValues(0) as Values };
}

function syntheticBatch({ batch, size }: Shape): Values {
  const images = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => Math.sin(i * 0.37));
  return { images, targets: Int32Array.from({ length: batch }, (_, i) => (i * 7) % CLASSES) };
}

interface Turns {
  executable: Executable;
  feeds: Values;
  peers: readonly Peer[];
  rounds: number;
}

/** Steps per turn, so that a turn lasts long enough to be timed and short enough that turns alternate often. */
const TURN_MILLISECONDS = 1500;

async function takeTurns({ batch }: Shape, { executable, feeds, peers, rounds }: Turns) {
  const oneStep = async () => {
    const start = performance.now();
    await executable.run(feeds);
    return performance.now() - start;
  };
  for (let i = 0; i < WARM_STEPS; i++) await oneStep();
  for (const peer of peers) await peer.ask({ warmUp: WARM_STEPS });
  const steps = Math.max(1, Math.min(50, Math.round(TURN_MILLISECONDS / (await oneStep()))));
  const ours: number[] = [];
  const theirs: number[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const times: number[] = [];
    for (let i = 0; i < steps; i++) times.push(await oneStep());
    ours.push(median(times));
    for (const [i, peer] of peers.entries()) {
      const { ms } = (await peer.ask({ steps })) as { ms: number[] };
      theirs[i]!.push(median(ms));
    }
  }
  const perSecond = (times: readonly number[]) => (batch * 1000) / median(times);
  if (peers.length === 0) return { ours: perSecond(ours), peer: null, ratio: null, spread: null };
  const speeds = theirs.map(perSecond);
  const better = speeds[0]! >= speeds[1]! ? 0 : 1;
  const ratios = pairRatios(ours, theirs[better]!);
  return {
    ours: perSecond(ours),
    peer: speeds[better]!,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)] as [number, number],
    formats: { contiguous: speeds[0]!, channels_last: speeds[1]! },
  };
}
