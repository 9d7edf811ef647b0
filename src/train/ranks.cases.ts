/** Trainings of small networks on ranks of one process, beside the same training on one rank. */
import { expect } from 'vitest';
import { createEngine } from '../backends/engine.ts';
import type { Backend } from '../backends/index.ts';
import {
  type Communicator,
  createThreadGroup,
  joinThreads,
  runRank,
} from '../collectives/index.ts';
import type { Values } from '../compile/index.ts';
import { methodNamed, methodProgram, patchOf, settingsFor, viewsOf } from '../methods/index.ts';
import { evaluationBatches, openLoader } from '../views/index.ts';
import { tinyCache } from '../views/tinyCache.cases.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';
import type { TrainingState } from './trainingState.ts';

const [IMAGES, B, SIZE] = [40, 8, 8];
const cache = tinyCache(IMAGES);

export interface RankRun {
  method: string;
  /** Settings by their short names. */
  settings?: Record<string, string | number> | undefined;
  batchNorm?: 'own' | 'joined';
  /** Default: 20. */
  steps?: number | undefined;
  /** Seed of the training. Default: 5. */
  seed?: number;
}

/** Settings of a small network, which sees batches of 8 images of 8 px. */
function smallSettings({ method, settings = {}, batchNorm = 'joined' }: RankRun) {
  const { settings: own, crops } = methodNamed(method);
  const { clusters } = own.parse({});
  return settingsFor(
    'small-32',
    patchOf({
      ...{ method, batchNorm, architecture: 'resnet10', width: 4, stem: 'cifar' },
      ...{
        crops: `${crops === 'single' ? 1 : 2}x${SIZE}`,
        scales: '0.3-1',
        imageSize: SIZE,
        batchSize: B,
      },
      ...{ stemStart: 'random', hiddenDim: 8, embeddingDim: 6, prototypes: 5, queueLength: 16 },
      ...{ clusters: typeof clusters === 'number' ? 4 : '4,3', epochs: 20, warmupEpochs: 0 },
      // Adam makes a step of the noise of gradients that are 0, as those of biases before norms;
      // a high rate lets the last digits of a sum decide after 20 steps.
      ...{ optimizer: 'sgd', learningRate: 5e-4, momentum: 0.9, weightDecay: 1e-4 },
      ...settings,
    }).settings,
  );
}

/** Trains as a rank of a group, or alone; the state after the last step. */
export async function trainRank(
  backend: Backend,
  run: RankRun,
  communicator?: Communicator,
  options: Partial<TrainOptions> = {},
): Promise<TrainingState> {
  const settings = smallSettings(run);
  const share = communicator && { rank: communicator.rank, of: communicator.size };
  const loader = openLoader({
    ...{ cache, views: viewsOf(settings), batchSize: B, seed: 3 },
    ...(share && { share }),
  });
  try {
    const { training } = await trainMethod({
      engine: createEngine(backend, { ...(communicator && { communicator }) }),
      method: methodProgram(settings, { images: IMAGES, ranks: communicator }),
      ...{ loader, batchSize: B, seed: run.seed ?? 5, communicator },
      budget: { epochs: settings.schedule.epochs },
      maxSteps: run.steps ?? 20,
      evaluationImages: ({ part: { from, to } = { from: 0, to: IMAGES }, ...shape }) =>
        evaluationBatches(cache, {
          ...{ ...shape, indices: Uint32Array.from({ length: to - from }, (_, i) => from + i) },
        }),
      ...options,
    });
    return training;
  } finally {
    await loader.close();
  }
}

/** Trains on ranks; their states after the last step. */
export function trainRanks(
  backend: Backend,
  run: RankRun,
  ranks: number,
  optionsOf: (rank: number) => Partial<TrainOptions> = () => ({}),
): Promise<TrainingState[]> {
  const group = createThreadGroup({ size: ranks });
  return Promise.all(
    Array.from({ length: ranks }, (_, rank) =>
      runRank(joinThreads(group, rank), (communicator) =>
        trainRank(backend, run, communicator, optionsOf(rank)),
      ),
    ),
  );
}

/** Largest difference of two states, beside the largest value of each tensor of the first. */
export function differenceOf(expected: Values, received: Values): { name: string; by: number } {
  const differences = Object.entries(expected).map(([name, values]) => {
    const other = received[name]!;
    expect(other.length, name).toBe(values.length);
    const largest = (of: number[]) =>
      of.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const by = largest(Array.from(values, (value, i) => value - other[i]!));
    const scale = Math.max(1e-2, largest(Array.from(values)));
    return { name, by: Number.isNaN(by) ? Number.POSITIVE_INFINITY : by / scale };
  });
  return differences.reduce((a, b) => (b.by > a.by ? b : a));
}

/** Demands equal bytes on all ranks, and a state within 1e-4 of that of one rank. */
export async function expectEqualTraining(
  backend: Backend,
  run: RankRun,
  ranks: number,
): Promise<void> {
  const alone = await trainRank(backend, run);
  const states = (await trainRanks(backend, run, ranks)).map(({ state }) => state);
  for (const state of states) expect(state).toEqual(states[0]);
  const { name, by } = differenceOf(alone.state, states[0]!);
  expect(by, name).toBeLessThan(1e-4);
}
