/**
 * A method of two stages for tests, contrast of views and then clusters that k-means begins, and a
 * tiny run of it.
 */
import { afterAll } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../backends/index.ts';
import { kmeans, normalizeRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import {
  defineMethod,
  embeddingProgram,
  methodProgram,
  ntXent,
  patchOf,
  project,
  projectionSettings,
  registerMethod,
  resolveSettings,
} from '../methods/index.ts';
import { normal, type Variables } from '../nn/index.ts';
import {
  add,
  crossEntropy,
  div,
  l2Normalize,
  matmul,
  mean,
  mul,
  softmax,
  split,
  stopGradient,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import type { Loader } from '../views/index.ts';
import type { TrainEvent } from './events.ts';
import type { TrainOptions } from './trainer.ts';
import type { TrainingState } from './trainingState.ts';

const settingsSchema = z.strictObject({
  ...projectionSettings,
  contrastEpochs: z.number().int().default(2).describe('epochs of contrast'),
  clusters: z.number().int().default(3).describe('number K of clusters'),
});
type Own = z.output<typeof settingsSchema>;

/** Logits [N, K] of embeddings z [N, D] by cosines with the centers, which are trained. */
function logitsOf(variables: Variables, z: Tensor, { clusters: K, embeddingDim: D }: Own): Tensor {
  const centers = variables.parameter('centers', [K, D], normal(1)); // [K, D]
  return mul(matmul(z, transpose(l2Normalize(centers))), 10); // [N, K]
}

/** Targets of deep embedded clustering (Xie et al., 2016): `q² / sum_i q`, rows of sum 1. */
function sharpened(q: Tensor): Tensor {
  const squared = div(mul(q, q), sum(q, { axes: [0] })); // [N, K]
  return stopGradient(div(squared, sum(squared, { axes: [1], keepDims: true })));
}

/** Parts of the state as each start of the second stage found them. */
export const beginnings: Values[] = [];

export const contrastThenCluster = defineMethod({
  name: 'contrast-then-cluster',
  about: 'SimCLR, then centers that k-means found',
  crops: 'pair',
  settings: settingsSchema,
  head: (settings) => ({
    project: (variables, h) => project(variables, h, settings),
    assign: (variables, h) =>
      softmax(logitsOf(variables, project(variables, h, settings), settings)),
  }),
  stages: ({ settings, context }) => [
    {
      name: 'contrast',
      epochs: settings.contrastEpochs,
      step({ crops: [images], step, model }) {
        const [a, b] = split(model.embed(images!), 2) as [Tensor, Tensor]; // [B, D] each
        step.minimize(ntXent(a, b, { temperature: 0.5 }));
        step.observe({
          embeddings: a,
          pairs: [a, b],
          randomBaselineLoss: Math.log(2 * step.batchSize - 1),
        });
        const steps = step.state('contrastSteps', []);
        steps.set(add(steps.current, 1));
        step.fact(
          'contrastMoment',
          step.scalar('moment', ({ step: at }) => at),
        );
      },
    },
    {
      name: 'cluster',
      restart: true,
      async begin({ engine, seed, features, readState }) {
        const { batchSize, imageSize: size } = context;
        const program = embeddingProgram((v, h) => project(v, h, settings), context);
        const Z = await features(program, { batchSize, size }); // [N, D]
        const { centroids, empty } = await kmeans(normalizeRows(Z), settings.clusters, {
          engine,
          seed,
        });
        const weight = 'conv1.weight';
        beginnings.push(await readState([weight, `key.${weight}`, `adam.m.${weight}`]));
        return { state: { centers: centroids }, facts: { empty } };
      },
      step({ crops: [images], step, model }) {
        const z = model.embed(images!); // [2B, D]
        const logits = logitsOf(model.variables, z, settings); // [2B, K]
        const key = step.momentumCopy({
          momentum: step.scalar('momentum', () => 0.9),
          when: 'after',
        });
        const q = softmax(logitsOf(model.variables, key.embed(images!), settings)); // [2B, K]
        step.minimize(crossEntropy(logits, sharpened(q)));
        step.observe({ embeddings: z, usage: mean(q, { axes: [0] }) });
        step.fact(
          'clusterMoment',
          step.scalar('moment', ({ step: at }) => at),
        );
      },
    },
  ],
});

/** Makes the method known to the tests of one file, and to no other file that shares modules. */
export const useContrastThenCluster = () => afterAll(registerMethod(contrastThenCluster));

const B = 4;
export const STEPS_PER_EPOCH = 3;
export const IMAGES = B * STEPS_PER_EPOCH;
const SIZE = 8;
/** Steps of two epochs of contrast, after which the clusters begin. */
export const BORDER = 2 * STEPS_PER_EPOCH;
export const STEPS = 4 * STEPS_PER_EPOCH;

export const stagedSettings = () =>
  resolveSettings(
    patchOf({
      ...{ method: contrastThenCluster.name, architecture: 'resnet10', width: 4, stem: 'cifar' },
      ...{ crops: `2x${SIZE}`, scales: '0.3-1', imageSize: SIZE, batchSize: B, optimizer: 'adam' },
      ...{ hiddenDim: 6, embeddingDim: 4, epochs: 4, warmupEpochs: 0, learningRate: 0.01 },
    }).settings,
  );

const pixelsOf = (count: number, ...key: [number, number]) => {
  const random = randomAt(0, 'view', ...key);
  return Uint8Array.from({ length: count * 3 * SIZE * SIZE }, () => random.integer(256));
};

/** Batches that are functions of (epoch, step) alone. */
const loader: Loader = {
  count: IMAGES,
  stepsPerEpoch: STEPS_PER_EPOCH,
  waitedMs: 0,
  setOrder: () => {},
  async *pass() {},
  batch: async (epoch, step) => ({
    images: new Uint32Array(B),
    positions: new Uint32Array(B),
    crops: [pixelsOf(2 * B, epoch, step)],
  }),
  close: async () => {},
};

export type StagedRun = TrainOptions & { saved: TrainingState[]; events: TrainEvent[] };

/** Four epochs of the method on `engine`, every step of which is saved. */
export function stagedRun(engine: Engine, changes: Partial<TrainOptions> = {}): StagedRun {
  const [saved, events]: [TrainingState[], TrainEvent[]] = [[], []];
  return {
    ...{ saved, events, engine, loader, batchSize: B, seed: 5 },
    method: methodProgram(stagedSettings(), { images: IMAGES }),
    budget: { epochs: 4 },
    checkpointSeconds: 0,
    async *evaluationImages({ batchSize }) {
      for (let at = 0; at < IMAGES; at += batchSize)
        yield { images: new Uint32Array(batchSize), pixels: pixelsOf(batchSize, 99, at) };
    },
    save: async (training) => void saved.push(structuredClone(training)),
    onEvent: (event) => events.push(event),
    ...changes,
  };
}
