/** What a clustering is made from: features of the images, and what the method's head makes of them. */
import { assign, type Features, type Rows } from '../cluster/index.ts';
import type { PixelCache } from '../data/index.ts';
import { type KeptFeatures, keepFeatures, openEncoder, openHead, type TrainedRun } from '../run/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Terminal } from './terminal.ts';
import { embeddedParts } from './trainedEncoder.ts';

/** Features of the images, in a file in the run until they are closed. */
export async function embedded(
  engine: Engine,
  { config: { settings }, folder, state }: TrainedRun,
  cache: PixelCache,
  indices: Uint32Array,
  terminal: Terminal,
): Promise<KeptFeatures> {
  const encoder = await openEncoder({ engine, settings, state });
  try {
    const parts = embeddedParts(encoder, cache, { indices, workers: settings.workers, terminal });
    return await keepFeatures(folder.files.embeddings, parts, encoder.dimension);
  } finally {
    terminal.endProgress();
    await encoder.close();
  }
}

/**
 * Where the method has prototypes, the nearest to each image's embedding; where it has learned clusters, their
 * probabilities [N, M].
 */
export async function seenByHead(
  engine: Engine,
  { config: { settings }, state }: TrainedRun,
  features: Rows,
): Promise<{ prototypes?: Int32Array; learned?: Features }> {
  const head = await openHead({ engine, settings, state });
  try {
    const prototypes = head.prototypes
      ? (await assign(engine, head.projected(features), head.prototypes)).assignments
      : undefined;
    return { prototypes, learned: await head.assign?.(features) };
  } finally {
    await head.close();
  }
}
