/**
 * Merges of JULE before its epochs, means of the K clusters, and the order of the images.
 *
 * Before the first epoch of a period the features of all images become a graph, and the clusters of
 * the period before are merged in it; see src/methods/jule.ts. Before the first period of all, the
 * graph is that of the pixels.
 */
import {
  euclideanNeighbors,
  type Features,
  featuresOf,
  mergeByAffinity,
  type NeighborWeights,
  nearestNeighborChains,
  neighborWeights,
  normalizeRows,
  rowNorms,
} from '../cluster/index.ts';
import type { Program } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { mean, reshape, slice } from '../tensor/index.ts';
import { inferenceProgram, networkInput } from './inference.ts';
import type { EpochPhase, PhaseContext, PhaseResult, StepContext } from './program.ts';
import { progressFact } from './pseudoLabels.ts';

/** Names of the clusters of a period, of the K clusters that they lead to, and of their means. */
export const LABELS = 'labels';
export const MERGED = 'merged';
export const PROTOTYPES = 'prototypes';
/** Largest extent of the pixels that the first clusters come from. */
const MAX_PIXELS = 32;

/** Settings of the merges. */
export interface MergeSettings {
  /** K. */
  clusters: number;
  /** Neighbors of each image in the graph. */
  neighbors: number;
  /** Fraction of the clusters that is merged before each period. */
  mergeFraction: number;
  /** Epochs of a period. */
  mergeEpochs: number;
  /** Images of a cluster that follow one another. */
  groupSize: number;
}

/** Work before every epoch: merges at the start of a period, and the means of the K clusters. */
export function julePhase(
  settings: MergeSettings,
  context: Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'imageSize'>,
): EpochPhase {
  const { clusters: K, mergeEpochs, mergeFraction } = settings;
  const { encoder, normalize, batchSize, imageSize: size } = context;
  const network = { encoder, normalize, batchSize, size };
  return {
    isDue: () => true,
    async run(given): Promise<PhaseResult> {
      const { engine, epoch, images, features, readState, onProgress, signal } = given;
      const { program } = inferenceProgram(network);
      const X = await features(program, { batchSize, size }); // [N, F]
      const before = await readState([LABELS, MERGED]);
      if (epoch % mergeEpochs > 0) {
        return { state: { [PROTOTYPES]: meansOfClusters(X, before[MERGED]!, K) }, facts: {} };
      }
      onProgress('graph of neighbors');
      const first = epoch === 0;
      const source = first ? await features(pixelProgram(network), { batchSize, size }) : X;
      const graph = await neighborGraph(engine, source, {
        k: Math.min(settings.neighbors, images - 1),
        signal,
      });
      const start = first ? nearestNeighborChains(graph) : before[LABELS]!;
      const n = countOf(start);
      onProgress(`merging ${plural(n, 'cluster')}`);
      const left = Math.min(n, Math.max(K, n - Math.ceil(mergeFraction * n)));
      const labels = mergeByAffinity(graph, Int32Array.from(start), left); // [N]
      const merged = mergeByAffinity(graph, labels, K); // [N]
      const sizes = new Float64Array(K);
      for (const cluster of merged) sizes[cluster]!++;
      return {
        state: {
          [LABELS]: Float32Array.from(labels),
          [MERGED]: Float32Array.from(merged),
          [PROTOTYPES]: meansOfClusters(X, merged, K),
        },
        facts: {
          ...progressFact(before[MERGED]!, merged),
          clusters: left,
          largestCluster: Math.max(...sizes) / images,
        },
      };
    },
    orderState: [LABELS],
    order: ({ epoch, seed, state }) =>
      groupedOrder(state[LABELS]!, { seed, epoch, groupSize: settings.groupSize }),
  };
}

/** Program from images to their normalized pixels, as means of squares where they are large. */
function pixelProgram(network: Parameters<typeof networkInput>[1]): Program {
  const { batchSize: B, size } = network;
  const square = Math.ceil(size / MAX_PIXELS);
  const extent = Math.floor(size / square);
  let x = networkInput('images', network); // [B, 3, s, s]
  for (const axis of [2, 3]) x = slice(x, { axis, start: 0, end: extent * square });
  const squares = reshape(x, [B, 3, extent, square, extent, square]);
  const pixels = mean(squares, { axes: [3, 5] }); // [B, 3, extent, extent]
  return {
    outputs: { features: reshape(pixels, [B, 3 * extent * extent]) }, // [B, 3 extent extent]
    state: [],
    name: 'jule-pixels',
  };
}

/** Weights of the nearest neighbors of rows [N, F], of norm at most 1. */
async function neighborGraph(
  engine: PhaseContext['engine'],
  X: Features,
  { k, signal }: { k: number; signal?: AbortSignal },
): Promise<NeighborWeights> {
  const norms = rowNorms(X);
  const scaled = X.data.map((value, i) => value / Math.max(1, norms[Math.floor(i / X.dimension)]!));
  const near = await euclideanNeighbors(engine, featuresOf(scaled, X.dimension), { k, signal });
  return neighborWeights(near);
}

/** Number of clusters, of labels [N] from 0. */
function countOf(labels: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < labels.length; i++) most = Math.max(most, labels[i]! + 1);
  return most;
}

/** Mean directions [K, F] of the rows of each cluster, of norm 1. */
function meansOfClusters(X: Features, clusters: ArrayLike<number>, K: number): Float32Array {
  const { data, count, dimension: F } = normalizeRows(X);
  const sums = new Float64Array(K * F);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < F; d++) sums[clusters[i]! * F + d]! += data[i * F + d]!;
  }
  return normalizeRows(featuresOf(Float32Array.from(sums), F)).data;
}

/**
 * Order of an epoch, as positions: groups of `groupSize` images of one cluster, in a random order.
 *
 * @param labels clusters [N], whole numbers
 */
export function groupedOrder(
  labels: ArrayLike<number>,
  { seed, epoch, groupSize }: { seed: number; epoch: number; groupSize: number },
): Uint32Array {
  const random = randomAt(seed, 'juleOrder', epoch);
  const shuffled = random.shuffle(Uint32Array.from({ length: labels.length }, (_, i) => i));
  const open = new Map<number, number[]>();
  const groups: number[][] = [];
  for (const position of shuffled) {
    const label = labels[position]!;
    const group = open.get(label);
    if (group && group.length < groupSize) {
      group.push(position);
    } else {
      const begun = [position];
      open.set(label, begun);
      groups.push(begun);
    }
  }
  const places = random.shuffle(Uint32Array.from(groups.keys()));
  return Uint32Array.from([...places].flatMap((place) => groups[place]!));
}
