/** The report of a clustering: facts from the run folder and the grouping, pictures from the source. */
import { readFile } from 'node:fs/promises';
import type { Engine } from '../backends/index.ts';
import { type Clustering, findDoubtful, type Rows } from '../cluster/index.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { isolatedDecoder, openPixelReader, type PixelCache, type Source } from '../data/index.ts';
import { methodHead } from '../methods/index.ts';
import type { TrainedRun } from '../run/index.ts';
import { clusterClasses } from './clusterClasses.ts';
import { reportClusters } from './clusters.ts';
import type { ReportData, ReportEvaluation } from './data.ts';
import { featureMaps } from './featureMaps.ts';
import { reportTraining } from './reportTraining.ts';
import { thumbnailOf } from './thumbnails.ts';
import { writeReport } from './write.ts';

export interface ClusterReportInput {
  run: TrainedRun;
  source: Source;
  cache: PixelCache;
  /** Cache index of each clustered image. */
  indices: Uint32Array;
  clustering: Clustering;
  engine: Engine;
  /** The encoder's features of the images. */
  features: Rows;
}

/** Writes report.html and report.json into the run. */
export async function writeClusterReport(
  input: ClusterReportInput,
  reporter: Reporter = silent,
): Promise<void> {
  const { run, source, cache, indices, clustering } = input;
  const { assignment, groups, k, kReason, suggestion } = clustering;
  const doubt = findDoubtful(assignment.margin, { of: clustering.head ? 'probability' : 'cosine' });
  const ids = Array.from(indices, (index) => cache.entries[index]!.id);
  const { settings } = run.config;
  const data: ReportData = {
    run: run.folder.name,
    method: settings.method,
    source: { name: source.name, path: source.path, shortSide: cache.medianShortSide },
    counts: { images: ids.length, skipped: cache.skipped.length, clusters: k },
    settings: [
      {
        name: 'Encoder',
        value: `${settings.architecture}, width ${settings.width}, ${settings.imageSize} px`,
      },
      { name: 'Views', value: settings.crops },
      ...(methodHead(settings).prototypes === undefined
        ? []
        : [{ name: 'Prototypes', value: String(settings.prototypes) }]),
      { name: 'Batch', value: String(settings.batchSize) },
      { name: 'Steps', value: String(run.checkpoint.info.step) },
      { name: 'Seed', value: String(settings.seed) },
    ],
    howK: kReason,
    suggestion: suggestion && { k: suggestion.best, range: suggestion.range, curve: suggestion.curve },
    classes: clusterClasses(cache, indices, assignment.assignments),
    doubtRule: doubt.rule,
    clusters: reportClusters({ ids, indices, assignment, groups, doubt }),
    ...(await reportTraining(run)),
    maps: await featureMaps(input, reporter),
    evaluation: await evaluationOf(run, source),
    skipped: cache.skipped,
  };
  reporter.progress({ stage: 'report', text: 'writing the report' });
  await writeReport(run.folder, data, {
    thumbnail: thumbnails(source, cache, reporter.signal),
    largestSide: largestSideOf(cache),
    signal: reporter.signal,
  });
}

/** Size of a thumbnail that holds any of the originals as it is; undefined where the cache may have smaller copies of some. */
function largestSideOf({ widths, heights, size }: PixelCache): number | undefined {
  let largest = 0;
  for (let i = 0; i < widths.length; i++) {
    const [shorter, longer] = [Math.min(widths[i]!, heights[i]!), Math.max(widths[i]!, heights[i]!)];
    if (longer >= size) return undefined;
    largest = Math.max(largest, shorter, longer / 2);
  }
  return largest;
}

/** Thumbnails from the originals, which may be larger than the cache; from the cache where an original is gone. */
function thumbnails(source: Source, cache: PixelCache, signal: AbortSignal) {
  const positions = positionsOf(source, cache);
  const reader = openPixelReader(cache);
  return async (index: number, size: number): Promise<Uint8Array> => {
    try {
      const original = await source.read(positions[index]!);
      return await thumbnailOf(await isolatedDecoder.decode(original, { size, signal }), size);
    } catch {
      return thumbnailOf(reader.read(index), size);
    }
  };
}

/** Where the pictures of a cache are in its source, which lists them in the same order. */
function positionsOf(source: Source, cache: PixelCache): Uint32Array {
  const positions = new Uint32Array(cache.count);
  for (let i = 0, at = 0; i < positions.length; i++, at++) {
    while (source.entries[at]!.id !== cache.entries[i]!.id) at++;
    positions[i] = at;
  }
  return positions;
}

/** The figures of `likeness evaluate`, where it was run on the same source. */
async function evaluationOf({ folder }: TrainedRun, source: Source): Promise<ReportEvaluation | undefined> {
  try {
    const stored = JSON.parse(await readFile(folder.files.evaluation, 'utf8')) as ReportEvaluation & {
      source: string;
      labelled?: boolean;
    };
    return stored.labelled && stored.source === source.path ? stored : undefined;
  } catch {
    return undefined;
  }
}
