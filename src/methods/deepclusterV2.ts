/**
 * DeepCluster-v2: clusters of the embeddings that the last epoch left behind, with their centroids
 * as the classifier.
 *
 * Source: Caron, Misra, Mairal, Goyal, Bojanowski, Joulin, "Unsupervised Learning of Visual
 * Features by Contrasting Cluster Assignments", NeurIPS 2020 (arXiv:2006.09882), section 4.1 and
 * appendix on DeepCluster-v2; the authors' code where the text is silent.
 *
 * Before each epoch, for every head h of K_h clusters, with the bank M_j of big crop j = h mod 2:
 *
 *   C_h, y_h = spherical k-means(M_j, K_h)          from random rows; [K_h, D] and [N]
 *
 * In the epoch:
 *
 *   z = normalize(head(encoder(x)))                  one embedding per crop, on the unit sphere
 *   S_h = z C_hᵀ                                     the centroids are fixed: they get no gradient
 *   L = mean over heads h and all crops of CE(softmax(S_h / tau), y_h)
 *   M_j[image] ← z of big crop j                     no gradient
 *
 * Symbols: B images per batch, N images, V crops, D dimension of embeddings, tau temperature.
 *
 * So no image is looked at for clustering alone, except before the first epoch, when the banks are
 * filled: by the network in training mode, on random views. An image that an epoch leaves out keeps
 * its older embeddings. An image without a label takes no part in the loss.
 *
 * Different from the authors' code: a cluster that becomes empty takes half of a large one, where
 * theirs keeps its old centroid; an image that an epoch leaves out keeps its embeddings, where
 * theirs drops it until it is drawn again; k-means ends early where nothing changes any more;
 * filling the banks leaves the running statistics as they are, and both big crops share one pass
 * and its batch statistics.
 */

import { z } from 'zod';
import { featuresOf, kmeans } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { createVariables, encode } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  gather,
  matmul,
  mean,
  mul,
  oneHot,
  scatterAdd,
  stopGradient,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import {
  clusterCounts,
  kmeansSettings,
  requireClusters,
  storedPrototypes,
} from './clusterSettings.ts';
import { cropInputs, ofCrop } from './crops.ts';
import { defineMethod } from './defineMethod.ts';
import { multicropImagenet } from './imagenetRecipe.ts';
import type { EpochPhase, PhaseContext, StepContext } from './program.ts';
import { type ProjectionOptions, project, projectionSettings } from './projection.ts';
import { labeledCrossEntropy, labelsAt, progressFact, unlabeled } from './pseudoLabels.ts';
import { rate, withDefault } from './settings.ts';

/** Number of crops that have a bank: the first two, the global ones. */
export const BANKS = 2;

const bankName = (j: number) => `bank.${j}`;
const labelsName = (h: number) => `labels.${h}`;
const prototypesName = (h: number) => `prototypes.${h}.weight`;

export const deepclusterV2 = defineMethod({
  name: 'deepcluster-v2',
  about: 'clusters of embeddings kept from the last epoch, their centroids as classifier (2020)',
  crops: 'multiple',
  rows: 'own',
  settings: z.strictObject({
    ...projectionSettings,
    temperature: rate().default(0.1).describe('tau of the softmax over centroids'),
    clusters: clusterCounts(512, 512, 512),
    ...kmeansSettings,
    clusterIterations: withDefault(kmeansSettings.clusterIterations, 10),
  }),
  fits: ['clusters'],
  presets: {
    'deepcluster-v2-imagenet': {
      description:
        "the authors' ResNet-50 recipe: 2x224 + 6x96 at batch 4,096, three heads of 3,000 clusters",
      settings: {
        ...multicropImagenet(4096),
        optimizer: { name: 'larc', learningRate: 4.8 },
        schedule: {
          epochs: 800,
          startLearningRate: 0.3,
          finalLearningRate: 0.0048,
          warmupEpochs: 10,
        },
        method: { hiddenDim: 2048, clusters: [3000, 3000, 3000], clusterIterations: 10 },
      },
    },
  },
  check: ({ clusters }, { images }) => requireClusters(clusters, images),
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
    prototypes: (variables) => storedPrototypes(variables, prototypesName(0), settings), // [K, D]
  }),
  step({ crops, settings, step, model }) {
    const { batchSize: B, images: N, indices } = step;
    const { clusters: counts, embeddingDim: D } = settings;
    const features = crops.map((x) => model.encode(x)); // each [count B, F]
    const Z = model.project(concat(features)); // [V B, D]

    const heads = counts.map((K, h) => {
      const C = step.state(prototypesName(h), [K, D]).current; // [K, D]
      const labels = step.state(labelsName(h), [N], () => unlabeled(N)).current; // [N]
      const S = matmul(Z, transpose(C)); // [V B, K]
      const y = labelsAt(labels, indices); // [B]
      return { S, y, ...headLoss(S, y, settings) };
    });
    const average = (values: Tensor[]) => mul(values.reduce(add), 1 / values.length);
    step.minimize(average(heads.map((head) => head.loss)));
    for (let j = 0; j < BANKS; j++) {
      const bank = step.state(bankName(j), [N, D]);
      const z = step.acrossReplicas(ofCrop(Z, j, B)); // [R B, D]
      bank.set(bankAfter(bank.current, step.acrossReplicas(indices), z));
    }
    const { S, y } = heads[0]!;
    const chosen = [0, 1].map((v) => argMax(ofCrop(S, v, B))); // [B] each
    step.observe({
      embeddings: ofCrop(Z, 0, B), // [B, D]
      agreement: mean(cast(equal(chosen[0]!, chosen[1]!), 'float32')),
      usage: mean(oneHot(y, counts[0]!), { axes: [0] }), // [K_0]
      randomBaselineLoss: counts.reduce((sum, K) => sum + Math.log(K), 0) / counts.length,
    });
    step.fact('accuracy', average(heads.map((head) => head.accuracy)));
  },
  phase: ({ settings, context }) => deepclusterV2Phase(settings, context),
});

/** Cross-entropy of all crops' scores S [V B, K], over tau, with their images' labels [B]. */
export function headLoss(
  S: Tensor,
  labels: Tensor,
  { temperature }: { temperature: number },
): { loss: Tensor; accuracy: Tensor } {
  const V = S.shape[0]! / labels.shape[0]!;
  const ofAllCrops = concat(Array.from({ length: V }, () => labels)); // [V B]
  return labeledCrossEntropy(mul(S, 1 / temperature), ofAllCrops);
}

/**
 * The bank [N, D] with the rows of a batch's images, which differ from each other, replaced by
 * embeddings z [B, D].
 */
export function bankAfter(bank: Tensor, indices: Tensor, z: Tensor): Tensor {
  return scatterAdd(bank, indices, sub(stopGradient(z), gather(bank, indices))); // [N, D]
}

interface PhaseSettings extends ProjectionOptions {
  clusters: readonly number[];
  clusterIterations: number;
  clusterRestarts: number;
}

type ViewsContext = Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'crops'>;

/** Work before every epoch: the banks are filled once, and clustered for each head. */
export function deepclusterV2Phase(settings: PhaseSettings, context: ViewsContext): EpochPhase {
  const { clusters: counts } = settings;
  const bankNames = Array.from({ length: BANKS }, (_, j) => bankName(j));
  return {
    isDue: () => true,
    async run(phase) {
      const { engine, epoch, seed, readState, onProgress, signal } = phase;
      const banks =
        epoch === 0 ? await filledBanks(settings, context, phase) : await readState(bankNames);
      const state: Values = epoch === 0 ? { ...banks } : {};
      const facts: Record<string, number> = { emptyClusters: 0, splitClusters: 0 };
      for (const [h, K] of counts.entries()) {
        onProgress(`k-means into ${plural(K, 'cluster')}, head ${h + 1} of ${counts.length}`);
        const bank = featuresOf(banks[bankName(h % BANKS)] as Float32Array, settings.embeddingDim);
        const { centroids, assignments, empty, repaired } = await kmeans(bank, K, {
          engine,
          metric: 'spherical',
          start: 'random',
          restarts: settings.clusterRestarts,
          iterations: settings.clusterIterations,
          tolerance: 0,
          seed: randomAt(seed, 'deepclusterV2', epoch, h).bits(),
          signal,
        });
        if (h === 0) {
          const before = (await readState([labelsName(0)]))[labelsName(0)]!;
          Object.assign(facts, progressFact(before, assignments));
        }
        state[prototypesName(h)] = centroids;
        state[labelsName(h)] = Float32Array.from(assignments);
        facts.emptyClusters! += empty;
        facts.splitClusters! += repaired;
      }
      return { state, facts };
    },
  };
}

/** Embeddings of the global crops of every image, from random views, by name of the bank. */
async function filledBanks(
  settings: ProjectionOptions,
  context: ViewsContext,
  { views }: PhaseContext,
): Promise<Values> {
  const found = await views(viewsProgram(settings, context));
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data]));
}

/** Embeddings [B, D] of the first two global crops, in training mode, by name of the bank. */
function viewsProgram(settings: ProjectionOptions, context: ViewsContext): Program {
  const variables = createVariables();
  const [global] = cropInputs({ ...context, crops: context.crops.slice(0, 1) }); // [count B, 3, s, s]
  const Z = project(variables, encode(variables, global!, context.encoder), settings); // [count B, D]
  const outputs = Array.from({ length: BANKS }, (_, j) => [
    bankName(j),
    ofCrop(Z, j, context.batchSize),
  ]);
  return {
    name: 'deepcluster-v2-views',
    outputs: Object.fromEntries(outputs),
    state: [...variables.parameters(), ...variables.buffers()].map(({ tensor }) => ({
      current: tensor,
    })),
  };
}
