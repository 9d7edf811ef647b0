/** Clustering a source with a run: embed, group, write everything down, and say what was found. */
import { resolve } from 'node:path';
import { openEngine } from '../backends/index.ts';
import { type Clustering, clusterByHead, clusterFeatures } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { displayPath, showCount } from '../core/text.ts';
import type { PixelCache, Source } from '../data/index.ts';
import { indicesOfSplit, openImages, reportSkipped } from '../data/index.ts';
import { type ImageEncoder, trainedEncoder } from '../encoders/index.ts';
import { cacheSizeOf } from '../methods/index.ts';
import { writeClusterReport } from '../report/index.ts';
import {
  type FeatureFile,
  sortInto,
  type TrainedRun,
  writeClustering,
  writeClusters,
  writeEmbeddings,
  writeSkipped,
} from '../run/index.ts';
import { applyHeads, embedded } from './clusterFeatures.ts';
import { clusterTable } from './clusterTable.ts';
import { required } from './required.ts';
import { suggestionJson } from './suggestion.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal.ts';
import { openRun } from './trainedEncoder.ts';

export interface ClusterRequest {
  source: string;
  run?: string;
  clusters?: number;
  into?: string;
  by?: 'copy' | 'link';
  split?: 'train' | 'test' | 'all';
  seed?: number;
}

/** A cluster with more of the images than this is pointed out: it seldom is one group. */
const TOO_LARGE = 0.4;
/** But not before it has this many times an equal share: with two clusters one of them always has half. */
const TIMES_EQUAL = 1.5;

/** Clusters and returns what `cluster --json` prints. */
export async function clusterRun(request: ClusterRequest, terminal: Terminal): Promise<object> {
  const path = required('--run', request.run, 'the folder of a run');
  if (request.by !== undefined && request.into === undefined) {
    throw new LikenessError('flag.missing', '--by: expected --into with the folder to sort the images into');
  }
  const run = await openRun(path, terminal);
  const size = cacheSizeOf(run.config.settings);
  const images = await openImages(request.source);
  try {
    const cache = await images.pixels({ size, reporter: terminalReporter(terminal) });
    return await clusterImages(run, images.source, cache, request, terminal);
  } finally {
    await images.close();
  }
}

async function clusterImages(
  run: TrainedRun,
  source: Source,
  cache: PixelCache,
  request: ClusterRequest,
  terminal: Terminal,
): Promise<object> {
  const { seed = 0, into, by = 'copy' } = request;
  const { files } = run.folder;
  const indices = indicesOfSplit(cache, request.split ?? 'all');
  reportSkipped(cache, terminalReporter(terminal));
  await writeSkipped(files.skipped, cache.skipped);
  if (indices.length === 0) {
    throw new LikenessError(
      'source.tooFew',
      `${request.source}: found no usable image${request.split ? ` in the "${request.split}" split` : ''}; expected at least 1. Reasons are in ${files.skipped}.`,
    );
  }

  const engine = await openEngine({ threads: run.config.threads });
  let features: FeatureFile | undefined;
  let encoder: ImageEncoder | undefined;
  try {
    encoder = await trainedEncoder({ engine, settings: run.config.settings, state: run.state });
    features = await embedded(encoder, run, cache, indices, terminal);
    const { prototypes, learned } = await applyHeads(engine, encoder, features);
    await encoder.close();
    const wanted = request.clusters ?? learned?.dimension;
    // Clusters that the method has learned itself, unless another number is asked for.
    const grouping =
      learned && wanted === learned.dimension
        ? await clusterByHead(engine, features, learned)
        : await clusterFeatures(engine, features, {
            k: request.clusters,
            seed,
            reporter: terminalReporter(terminal),
          });
    terminal.endProgress();
    const { assignment, centroids, groups, k, kReason, kRange, temperature } = grouping;
    const entries = Array.from(indices, (index) => cache.entries[index]!);
    const ids = entries.map(({ id }) => id);
    const { step } = run.checkpoint.info;

    await writeClusters(files.clusters, assignmentsOf(ids, assignment, prototypes));
    await writeEmbeddings(files.embeddings, {
      features,
      ids,
      clusters: assignment.assignments,
      labelNames: cache.labelNames,
      ...(entries.some(({ label }) => label !== undefined) && {
        labels: Int32Array.from(entries, ({ label }) => label ?? -1),
      }),
      about: {
        source: cache.source.name,
        method: run.config.settings.method,
        step: String(step),
        normalised: 'l2',
      },
    });
    await writeClustering(files.clustering, {
      centroids: centroids.data,
      k,
      dimension: centroids.dimension,
      temperature,
      head: grouping.head,
      kReason,
      kRange,
      seed,
      images: ids.length,
      step,
    });
    await writeClusterReport(
      { run, source, cache, indices, clustering: grouping, engine, features },
      terminalReporter(terminal),
    );
    terminal.endProgress();
    const written: Record<string, string> = {
      report: files.reportHtml,
      clusters: files.clusters,
      embeddings: files.embeddings,
      clustering: files.clustering,
      skipped: files.skipped,
    };

    terminal.say(
      `${showCount(ids.length)} image${ids.length === 1 ? '' : 's'} in ${k} cluster${k === 1 ? '' : 's'}`,
    );
    terminal.say(kReason);
    if (kRange && kRange[0] !== kRange[1])
      terminal.say(`recommended: ${kRange[0]} to ${kRange[1]} clusters (-k)`);
    terminal.say();
    for (const line of clusterTable(groups)) terminal.say(line);
    terminal.say();
    warnOfLargest(groups, terminal);

    if (into !== undefined) {
      const sorted = await sortInto({
        into,
        by,
        source,
        items: ids.map((id, i) => ({ id, cluster: assignment.assignments[i]! })),
        signal: terminal.signal,
        onProgress: (done, of) => terminal.progress(`sorting ${showCount(done)} of ${showCount(of)} images`),
      });
      terminal.endProgress();
      written.into = sorted.folder;
      for (const { id, reason } of sorted.failed) terminal.warn(`not sorted: ${id}: ${reason}`);
    }
    for (const [what, file] of Object.entries(written))
      terminal.say(`${what.padEnd(10)}  ${displayPath(file)}`);
    return {
      run: resolve(run.folder.path),
      source: source.path,
      images: ids.length,
      k,
      kReason,
      kRange: kRange ?? null,
      by: grouping.head ? 'head' : 'kmeans',
      suggestion: suggestionJson(grouping.suggestion),
      clusters: groups,
      files: Object.fromEntries(Object.entries(written).map(([what, file]) => [what, resolve(file)])),
      skipped: cache.skipped.length,
    };
  } finally {
    await features?.close();
    await encoder?.close();
    await engine.close();
  }
}

/** Rows of clusters.csv, as they are written. */
function* assignmentsOf(
  ids: readonly string[],
  { assignments: clusters, confidence, margin }: Clustering['assignment'],
  prototypes: Int32Array | undefined,
) {
  for (const [i, path] of ids.entries()) {
    yield {
      path,
      cluster: clusters[i]!,
      confidence: confidence[i]!,
      margin: Math.max(0, margin[i]!),
      prototype: prototypes?.[i],
    };
  }
}

function warnOfLargest(groups: readonly { cluster: number; share: number }[], terminal: Terminal): void {
  const [largest] = groups;
  const limit = Math.max(TOO_LARGE, TIMES_EQUAL / groups.length);
  if (groups.length < 2 || !largest || largest.share <= limit) return;
  terminal.warn(
    `cluster 0 holds ${(largest.share * 100).toFixed(0)} % of the images, more than ${(limit * 100).toFixed(0)} %: the features may tell too little apart. Train longer, or ask for more clusters with -k.`,
  );
}
