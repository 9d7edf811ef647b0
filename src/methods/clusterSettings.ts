/** Settings of clusterings between epochs. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { clusterRange, plural } from '../core/text.ts';
import { filled, type Variables } from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { count, positive } from './settings.ts';

/** Numbers of clusters, one per clustering, level or head. */
export const clusterCounts = (...counts: number[]) =>
  z
    .array(z.number().int().min(2), {
      error: 'expected whole numbers from 2, joined by commas, such as "256,512"',
    })
    .min(1)
    .default(counts)
    .describe('clusters per clustering, level or head, joined by commas: "512,256,128"');

/** A single number of clusters. */
export const clusterCount = (k: number) =>
  z
    .number({ error: 'expected one whole number from 2, such as 256' })
    .int()
    .min(2)
    .default(k)
    .describe('number of clusters');

export const kmeansSettings = {
  clusterIterations: positive().default(20).describe('iterations of k-means between epochs'),
  clusterRestarts: positive().default(1).describe('starts of k-means, of which the best counts'),
};

/** Settings of clusterings that give prototypes, each with a concentration. */
export const prototypeSettings = {
  ...kmeansSettings,
  clusterWarmupEpochs: count().default(2).describe('epochs before clusters take part in the loss'),
  concentrationSmoothing: z
    .number()
    .min(0)
    .default(10)
    .describe('alpha of the concentration estimate phi'),
};

/** Departures from the paper: none that are slips, or those of the authors' code. */
export type Variant = 'corrected' | 'reference';
export const variant = () =>
  z
    .enum(['corrected', 'reference'])
    .default('corrected')
    .describe("reference: repeats known slips of the authors' code");

/** Prototypes [K, D] of the first clustering, zeros until it replaces them. */
export function storedPrototypes(
  variables: Variables,
  name: string,
  { clusters: [K], embeddingDim: D }: { clusters: readonly number[]; embeddingDim: number },
): Tensor {
  return variables.buffer(name, [K!, D], filled(0)); // [K, D]
}

/**
 * Refuses more clusters than images.
 *
 * The authors' code of methods that cluster between epochs stops in the middle of a run, or not at
 * all, where there are fewer images than clusters; here the run does not begin.
 *
 * @throws LikenessError `settings.clusters`
 */
export function requireClusters(counts: readonly number[], images: number): void {
  if (counts.every((k) => k <= images)) return;
  if (images < 2) {
    throw new LikenessError(
      'settings.clusters',
      `clusters: received "${counts.join(',')}" for ${plural(images, 'image')}; expected ` +
        clusterRange(images),
    );
  }
  const example = Math.max(2, Math.floor(images / 16));
  throw new LikenessError(
    'settings.clusters',
    `clusters: received "${counts.join(',')}"; expected whole numbers from 2 to ${images}, ` +
      `the number of images, joined by commas, such as "${example}"`,
  );
}

/**
 * Refuses more clusters than a batch has images, where a loss reads clusters off the batch.
 *
 * @throws LikenessError `settings.clusters`
 */
export function requireClustersInBatch(clusters: number, batchSize: number): void {
  if (clusters <= batchSize) return;
  throw new LikenessError(
    'settings.clusters',
    `clusters: received ${clusters} with batches of ${batchSize}; expected at most ${batchSize}, ` +
      'because the loss finds the clusters in the batch. Lower clusters, or raise batchSize.',
  );
}
