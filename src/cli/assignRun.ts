/** Assigning named images to a run's clusters: read, embed in small batches, compare with the centroids, print. */
import { resolve } from 'node:path';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { showCount } from '../core/text.ts';
import { assignFeatures, type ImageEncoder, trainedEncoder } from '../encoders/index.ts';
import {
  listCheckpoints,
  loadCheckpoint,
  readClustering,
  type StoredClustering,
  stateOf,
  type TrainedRun,
} from '../run/index.ts';
import { type NamedPicture, openPictures, pictureReason } from './pictures.ts';
import { required } from './required.ts';
import type { Terminal } from './terminal.ts';
import { evaluationPixels, openRun } from './trainedEncoder.ts';

export interface AssignRequest {
  images: readonly string[];
  run?: string;
}

interface Unreadable {
  path: string;
  reason: string;
}

/** Images in memory at a time. */
const BATCH = 16;

/** Assigns and returns what `assign --json` prints. */
export async function assignRun(request: AssignRequest, terminal: Terminal): Promise<object> {
  const path = required('--run', request.run, 'the folder of a run');
  const latest = await openRun(path, terminal);
  const clustering = await readClustering(latest.folder.files.clustering);
  const run = await atStep(latest, clustering.step);
  const engine = await openEngine({ threads: run.config.threads });
  try {
    const { settings } = run.config;
    const encoder = await trainedEncoder({ engine, settings, state: run.state, batchSize: BATCH });
    checkDimension(run, encoder, clustering);
    const { paths, rows, unreadable } = await embedPictures(run, encoder, request.images, terminal);
    if (paths.length === 0) {
      const reasons = unreadable.slice(0, 3).map(({ path: file, reason }) => `\n  ${file}: ${reason}`);
      throw new LikenessError(
        'assign.unreadable',
        `none of the ${unreadable.length || ''} image(s) could be read${reasons.join('')}\nExpected JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP files, or folders of them.`,
      );
    }
    const { dimension } = clustering;
    const clusters = { ...clustering, centroids: featuresOf(clustering.centroids, dimension) };
    const found = await assignFeatures(engine, encoder, clusters, featuresOf(rows, dimension));
    const images = paths.map((file, i) => ({
      path: file,
      cluster: found.assignments[i]!,
      confidence: found.confidence[i]!,
      margin: found.margin[i]!,
      second: found.second[i]!,
      similarity: found.similarity[i]!,
    }));
    printTable(images, terminal);
    for (const { path: file, reason } of unreadable) terminal.warn(`not read: ${file}: ${reason}`);
    return { run: resolve(run.folder.path), k: clustering.k, step: clustering.step, images, unreadable };
  } finally {
    await engine.close();
  }
}

/** The run with the weights that its clusters were made with, which need not be the newest. */
async function atStep(run: TrainedRun, step: number): Promise<TrainedRun> {
  if (run.checkpoint.info.step === step) return run;
  const entry = (await listCheckpoints(run.folder.files.checkpoints)).find((file) => file.step === step);
  if (!entry) {
    throw new LikenessError(
      'clustering.stale',
      `the clusters of ${run.folder.path} were made at step ${step}, whose checkpoint is gone; the newest is of step ${run.checkpoint.info.step}. Make them again: likeness cluster <source> --run ${run.folder.path}`,
    );
  }
  const checkpoint = await loadCheckpoint(entry.file);
  return { ...run, checkpoint, state: stateOf(checkpoint.tensors) };
}

function checkDimension(
  { folder }: TrainedRun,
  encoder: ImageEncoder,
  { dimension }: StoredClustering,
): void {
  if (encoder.dimension === dimension) return;
  throw new LikenessError(
    'clustering.stale',
    `the clusters of ${folder.path} are of length ${dimension} and its encoder's features of length ${encoder.dimension}. Make them again: likeness cluster <source> --run ${folder.path}`,
  );
}

/** Features [n, D] of what can be read, a few images at a time. */
async function embedPictures(
  { config }: TrainedRun,
  encoder: ImageEncoder,
  images: readonly string[],
  terminal: Terminal,
): Promise<{ paths: string[]; rows: Float32Array; unreadable: Unreadable[] }> {
  const paths: string[] = [];
  const parts: Float32Array[] = [];
  const unreadable: Unreadable[] = [];
  const perImage = 3 * encoder.input.size ** 2;
  const pixels = new Uint8Array(BATCH * perImage);

  async function embed(batch: readonly NamedPicture[]): Promise<void> {
    terminal.signal.throwIfAborted();
    const views = await Promise.all(
      batch.map((picture) =>
        picture
          .read()
          .then((image) => evaluationPixels(image, config, terminal.signal))
          .catch((error: unknown) => pictureReason(error, picture.path)),
      ),
    );
    let rows = 0;
    for (const [i, view] of views.entries()) {
      const { path } = batch[i]!;
      if (typeof view === 'string') unreadable.push({ path, reason: view });
      else {
        pixels.set(view, rows++ * perImage);
        paths.push(path);
      }
    }
    if (rows > 0) parts.push(await encoder.embedViews(pixels.subarray(0, rows * perImage)));
    terminal.progress(`embedded ${showCount(paths.length)} images`);
  }

  const { pictures, close } = await openPictures(images);
  try {
    for (const batch of batchesOf(pictures)) await embed(batch);
  } finally {
    await close();
  }
  terminal.endProgress();
  const rows = new Float32Array(paths.length * encoder.dimension);
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return { paths, rows, unreadable };
}

function* batchesOf(pictures: Iterable<NamedPicture>): Iterable<NamedPicture[]> {
  let batch: NamedPicture[] = [];
  for (const picture of pictures) {
    batch.push(picture);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

interface Row {
  path: string;
  cluster: number;
  confidence: number;
  margin: number;
}

function printTable(images: readonly Row[], terminal: Terminal): void {
  const width = Math.max(...images.map(({ path }) => path.length), 'path'.length);
  terminal.say(`${'path'.padEnd(width)}  cluster  confidence  margin`);
  for (const { path, cluster, confidence, margin } of images) {
    const cells = [
      String(cluster).padStart(7),
      confidence.toFixed(3).padStart(10),
      margin.toFixed(3).padStart(6),
    ];
    terminal.say(`${path.padEnd(width)}  ${cells.join('  ')}`);
  }
}
