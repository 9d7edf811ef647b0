/**
 * Ensemble: a head learns the clusters on which heads of several methods and seeds and several
 * clusterings of the features agree.
 *
 * Stage `members`, which trains all heads side by side, with features x and a random one x' of the
 * nearest neighbors of each:
 *
 *   members = smoothed k-means and spectral clustering, each from several seeds (`consensus`)
 *   p = softmax of SCAN's heads, from several seeds        L = `scanLoss` of p and p'
 *   tau = softmax of TURTLE's heads, from several seeds    L = `turtleLoss`
 *   c learns the consensus of the clusterings              (`labeledPrototypes`)
 *
 * Stage `classifier`:
 *
 *   y = k-means on the table of one-hot clusters of the clusterings and of all heads    [N]
 *   c_k ← direction of the mean feature of cluster k, and learns y
 *
 * The head c is that of `consensus`, and gives clusters in the first stage already. So a run that
 * is too short for the second stage ends as a consensus.
 *
 * Sources: Strehl and Ghosh, "Cluster ensembles", JMLR 2002; SCAN, ECCV 2020; TURTLE, ICML 2024.
 * The choice of members, their number and the start are our own.
 */
import { z } from 'zod';
import { consensusClusters, type Features, joinClusterings, selectRows } from '../cluster/index.ts';
import { adam, type Variables } from '../nn/index.ts';
import { add, argMax, cast, concat, mul, reshape, softmax, type Tensor } from '../tensor/index.ts';
import { directions, neighborCount, requireFeatures } from './clusterHeads.ts';
import { clusterCount, requireClusters } from './clusterSettings.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import {
  clusteredImages,
  labeledState,
  prototypeLogits,
  prototypeLoss,
} from './labeledPrototypes.ts';
import type { PhaseContext, PhaseResult, StepContext } from './program.ts';
import { UNLABELED, unlabeled } from './pseudoLabels.ts';
import { scan, scanLogits, scanLoss } from './scan.ts';
import { positive, rate } from './settings.ts';
import { type TurtleSettings, turtle, turtleHeads, turtleLogits } from './turtle.ts';

/** Neighbors in the graphs of spectral clustering, as in `consensus`. */
const GRAPH_NEIGHBORS = 10;
/** Part of a short run that trains the members. */
const MEMBERS_PART = 0.75;
const clusteringName = (member: number) => `clustering.${member}`;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  neighbors: neighborCount(20),
  members: positive(64)
    .default(3)
    .describe('clusterings of each kind (smoothed k-means, spectral) among the members'),
  scanHeads: positive(64).default(4).describe("SCAN's heads among the members, one per seed"),
  turtleHeads: positive(64).default(1).describe("TURTLE's heads among the members, one per seed"),
  memberSteps: positive()
    .default(300)
    .describe(
      'steps that train the heads, rounded up to epochs; at most three quarters of the epochs',
    ),
  temperature: rate().default(0.1).describe('tau of the softmax over prototypes'),
});
type EnsembleSettings = z.output<typeof settingsSchema>;

export const ensemble = defineMethod({
  name: 'ensemble',
  about: 'a head on features learns what heads of SCAN and TURTLE and several clusterings agree on',
  crops: 'pair',
  pairs: 'neighbors',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 512 },
    optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0 },
    schedule: { maxSteps: 400 },
  },
  check: ({ clusters }, context) => {
    requireFeatures('ensemble', context);
    requireClusters([clusters], context.images);
  },
  head: (settings) => ({
    project: directions,
    assign: (variables, features) => softmax(prototypeLogits(variables, features, settings)),
  }),
  stages: ({ settings, context }) => [
    {
      name: 'members',
      epochs: memberEpochs(settings, context),
      begin: (phase) => clusteringsState(settings, context, phase),
      step: membersStep,
    },
    {
      name: 'classifier',
      restart: true,
      begin: (phase) => joinedState(settings, context, phase),
      step: classifierStep,
    },
  ],
});

/** Epochs of the first stage: those that its steps make up, and fewer in a short run. */
function memberEpochs(
  { memberSteps }: EnsembleSettings,
  { images, batchSize, replicas = 1, epochs = Number.POSITIVE_INFINITY }: StepContext,
): number {
  const stepsPerEpoch = Math.max(1, Math.floor(images / (batchSize * replicas)));
  const wanted = Math.ceil(memberSteps / stepsPerEpoch);
  return Math.max(1, Math.min(wanted, Math.floor(MEMBERS_PART * epochs)));
}

/** Settings of SCAN's heads: those of its recipe. */
const scanSettings = ({ clusters, scanHeads }: EnsembleSettings) =>
  scan.settings.parse({ clusters, clusterHeads: scanHeads }) as {
    clusters: number;
    clusterHeads: number;
    entropyWeight: number;
  };
/** Settings of TURTLE's heads: those of its recipe. */
const turtleSettings = ({ clusters, turtleHeads: clusterHeads }: EnsembleSettings) =>
  turtle.settings.parse({ clusters, clusterHeads }) as TurtleSettings;

function membersStep({ views, settings, step, model }: StepScope<EnsembleSettings>): void {
  const { variables } = model;
  const [x, neighbor] = views.map((features) => model.encode(features)) as [Tensor, Tensor];
  for (let member = 0; member < 2 * settings.members; member++) {
    step.state(clusteringName(member), [step.images], () => unlabeled(step.images));
  }
  const { loss, observation } = prototypeLoss(step, model, x, settings);
  step.minimize(loss);
  const ofScan = scanSettings(settings);
  const [own, others] = [x, neighbor].map((features) =>
    scanLogits(variables, features, ofScan).map((logits) => softmax(logits)),
  ) as [Tensor[], Tensor[]]; // [B, K] each
  const byScan = average(own.map((p, h) => scanLoss(p, others[h]!, ofScan).loss));
  minimizeMember(step, byScan, { method: scan, variables: 'cluster_head' });
  const { losses } = turtleHeads(step, variables, x, turtleSettings(settings));
  const byTurtle = average(losses);
  minimizeMember(step, byTurtle, { method: turtle, variables: 'task_encoder' });
  step.fact('scanLoss', byScan);
  step.fact('turtleLoss', byTurtle);
  step.observe(observation);
}

/** Updates the heads of a method with the optimizer and the constant rate of its recipe. */
function minimizeMember(
  step: StepScope<EnsembleSettings>['step'],
  loss: Tensor,
  { method, variables }: { method: Pick<typeof scan, 'name' | 'recipe'>; variables: string },
): void {
  const { learningRate, weightDecay } = method.recipe.optimizer as {
    learningRate: number;
    weightDecay: number;
  };
  step.minimize(loss, {
    group: method.name,
    variables,
    optimizer: adam({ weightDecay }),
    learningRate: step.scalar(`${method.name}Rate`, () => learningRate),
  });
}

function classifierStep({ views, settings, step, model }: StepScope<EnsembleSettings>): void {
  const x = model.encode(views[0]!); // [B, D]
  const { loss, observation } = prototypeLoss(step, model, x, settings);
  step.minimize(loss);
  step.observe(observation);
}

/** Mean of numbers. */
const average = (values: readonly Tensor[]) => mul(values.reduce(add), 1 / values.length);

/** Clusterings of the images as values of the state, and labels by their consensus. */
async function clusteringsState(
  { clusters, members }: EnsembleSettings,
  context: StepContext,
  phase: PhaseContext,
): Promise<PhaseResult> {
  const { engine, seed, images: N, onProgress, signal } = phase;
  const all = await featuresOfAll(context, phase); // [N, D]
  const sample = clusteredImages(N, seed);
  const found = await consensusClusters(selectRows(all, sample), clusters, {
    ...{ engine, members, seed, signal },
    neighbors: Math.max(1, Math.min(GRAPH_NEIGHBORS, sample.length - 1)),
    onProgress: (done) => onProgress(`clustering ${done} of ${2 * members}`),
  });
  const { assignments, agreement } = found;
  const state = await labeledState(all, { sample, assignments, clusters }, phase);
  found.members.forEach((own, member) => {
    const labels = unlabeled(N);
    sample.forEach((image, i) => {
      labels[image] = own[i]!;
    });
    state[clusteringName(member)] = labels;
  });
  return { state, facts: { memberAgreement: agreement } };
}

/** Labels of all images by the consensus of clusterings and heads. */
async function joinedState(
  settings: EnsembleSettings,
  context: StepContext,
  phase: PhaseContext,
): Promise<PhaseResult> {
  const { engine, seed, readState, features, signal } = phase;
  const { clusters, members } = settings;
  const { batchSize, imageSize: size } = context;
  const names = Array.from({ length: 2 * members }, (_, member) => clusteringName(member));
  const stored = await readState(names);
  const clusterings = names.map((name) => stored[name] as Float32Array); // [N] each
  const sample = Int32Array.from(clusterings[0]!.keys()).filter(
    (image) => clusterings[0]![image] !== UNLABELED,
  );
  const byHeads = await features(
    embeddingProgram((variables, x) => clustersOfHeads(variables, x, settings), context),
    { batchSize, size },
  ); // [N, H]
  const found = [
    ...clusterings.map((labels) => sample.map((image) => labels[image]!)),
    ...Array.from({ length: byHeads.dimension }, (_, head) =>
      sample.map((image) => byHeads.data[image * byHeads.dimension + head]!),
    ),
  ];
  const { assignments, agreement } = await joinClusterings(found, clusters, {
    ...{ engine, seed, signal },
  });
  const all = await featuresOfAll(context, phase); // [N, D]
  const state = await labeledState(all, { sample, assignments, clusters }, phase);
  return { state, facts: { memberAgreement: agreement } };
}

/** Directions of the features of all images, [N, D]. */
function featuresOfAll(context: StepContext, { features }: PhaseContext): Promise<Features> {
  const { batchSize, imageSize: size } = context;
  return features(embeddingProgram(directions, context), { batchSize, size });
}

/** Most probable cluster of features x [N, D] by each head, as numbers [N, H]. */
function clustersOfHeads(variables: Variables, x: Tensor, settings: EnsembleSettings): Tensor {
  const logits = [
    ...scanLogits(variables, x, scanSettings(settings)),
    ...turtleLogits(variables, x, turtleSettings(settings)),
  ]; // [N, K] each
  return concat(
    logits.map((own) => reshape(cast(argMax(own), 'float32'), [-1, 1])),
    1,
  ); // [N, H]
}
