/** What a clustering is made from: features of the images, and what the method's head makes of them. */
import type { Engine } from '../backends/index.ts';
import { assign, type Features, type Rows } from '../cluster/index.ts';
import type { PixelCache } from '../data/index.ts';
import type { ImageEncoder } from '../encoders/index.ts';
import { type FeatureFile, type TrainedRun, writeFeatureFile } from '../run/index.ts';
import type { Terminal } from './terminal.ts';
import { embeddedParts } from './trainedEncoder.ts';

/** Features of the images, in a file in the run until they are closed. */
export async function embedded(
  encoder: ImageEncoder,
  { config: { settings }, folder }: TrainedRun,
  cache: PixelCache,
  indices: Uint32Array,
  terminal: Terminal,
): Promise<FeatureFile> {
  try {
    const parts = embeddedParts(encoder, cache, { indices, workers: settings.workers, terminal });
    return await writeFeatureFile(folder.files.embeddings, parts, encoder.dimension);
  } finally {
    terminal.endProgress();
  }
}

/** The nearest prototype of each image, and the probabilities [N, M] of learned clusters; absent where there are none. */
export async function applyHeads(
  engine: Engine,
  { heads }: Pick<ImageEncoder, 'heads'>,
  features: Rows,
): Promise<{ prototypes?: Int32Array; learned?: Features }> {
  const prototypes = heads?.prototypes
    ? (await assign(engine, heads.project(features), heads.prototypes)).assignments
    : undefined;
  return { prototypes, learned: await heads?.assign?.(features) };
}
