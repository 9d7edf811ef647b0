/** Results of the engine for the page: second clusters, parts of a cluster, a picture's feature. */
import { type Engine, openEngine } from '../backends/index.ts';
import { assign, featuresOf as featuresFrom, kmeans } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { evaluationPixels, withEncoder } from '../library/runEncoder.ts';
import { openEmbeddings, openRun, runAtStep } from '../run/index.ts';
import { featuresOf } from './find.ts';
import type { OpenedRun } from './openedRun.ts';

async function withOwnEngine<T>(
  { config }: OpenedRun,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openEngine({ threads: config!.threads });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Second best cluster of each image by the centroids, -1 where there is one cluster, [N]. */
export async function secondClusters(run: OpenedRun): Promise<Int32Array> {
  featuresOf(run);
  const { stored, images } = run.clusters!;
  const embeddings = await openEmbeddings(run.folder!.files.embeddings);
  try {
    const centroids = featuresFrom(stored.centroids, stored.dimension);
    const { assignments, second } = await withOwnEngine(run, (engine) =>
      assign(engine, embeddings.features, centroids),
    );
    // Learned clusters are not always those of the nearest centroid.
    return second.map((other, row) => (other === images[row]!.cluster ? assignments[row]! : other));
  } finally {
    await embeddings.close();
  }
}

/**
 * Splits the members of a cluster into parts by spherical k-means, largest first.
 *
 * @throws LikenessError `explore.split` for fewer members than parts
 */
export async function suggestParts(
  run: OpenedRun,
  cluster: number,
  parts: number,
): Promise<number[][]> {
  const features = featuresOf(run);
  const assigned = run.clusters!.edits.current().clusters;
  const rows = Int32Array.from([...assigned.keys()].filter((row) => assigned[row] === cluster));
  if (rows.length < parts) {
    throw new LikenessError(
      'explore.split',
      `parts: received ${parts} for ${plural(rows.length, 'image')}; expected at most as many`,
    );
  }
  const data = await features.rows(rows);
  const found = await withOwnEngine(run, (engine) =>
    kmeans(data, parts, { engine, metric: 'spherical', restarts: 4, seed: 0 }),
  );
  const groups = Array.from({ length: parts }, (): number[] => []);
  for (const [i, part] of found.assignments.entries()) groups[part]!.push(rows[i]!);
  return groups.filter((group) => group.length > 0).sort((a, b) => b.length - a.length);
}

/**
 * Embeds a picture that is no part of the run, [D].
 *
 * @throws LikenessError `image.unusable` for bytes that are no image, `explore.noFeatures`
 */
export async function embedPicture(opened: OpenedRun, bytes: Uint8Array): Promise<Float32Array> {
  featuresOf(opened);
  const run = await runAtStep(await openRun(opened.folder!.path), opened.clusters!.stored.step);
  const { range } = run.config.source;
  const pixels = await evaluationPixels(
    { kind: 'encoded', bytes, ...(range && { range }) },
    run.view,
  );
  return withEncoder(run, { batchSize: 1 }, async (encoder) =>
    (await encoder.embedViews(pixels)).slice(),
  );
}
