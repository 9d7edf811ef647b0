/**
 * Making the report of a clustering: facts, map and pictures are stored, and the page is rendered
 * from them.
 */
import type { Engine } from '../backends/index.ts';
import { type Clustering, findDoubtful, type Rows } from '../cluster/index.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import {
  countDistinct,
  isolatedDecoder,
  openPixelReader,
  type PixelCache,
  type Source,
} from '../data/index.ts';
import type { ColorAgreement } from '../evaluate/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { type Run, type RunFolder, writeJson, writeMaps, writeThumbnails } from '../run/index.ts';
import { classTable } from './classTable.ts';
import { reportClusters } from './examples.ts';
import { featureMaps } from './featureMaps.ts';
import { reportHtml } from './html/page.ts';
import { madeNow } from './made.ts';
import { readReport, readRunPart } from './readReport.ts';
import { reportJson } from './reportJson.ts';
import type { NamedText, ReportClustering } from './runReport.ts';
import { commandsInWords, settingsInWords } from './settingsInWords.ts';
import { makeThumbnails, type ThumbnailFunction, thumbnailOf } from './thumbnails.ts';

export interface ClusterReportInput {
  run: Run;
  source: Source;
  cache: PixelCache;
  /** Cache index of each clustered image. */
  indices: Uint32Array;
  clustering: Clustering;
  /** Key of the stored clustering. */
  key?: string;
  /** Agreement of the clusters with color. */
  color: ColorAgreement;
  engine: Engine;
  /** Features of the images by the run's encoder. */
  features: Rows;
  /** Command line that made the clusters; absent where a program did. */
  command?: string;
}

/**
 * Writes report.json, the map, the thumbnails, and report.html made from them.
 *
 * The same clusters and images give the same bytes.
 *
 * @throws LikenessError `write.*`
 */
export async function writeClusterReport(
  input: ClusterReportInput,
  reporter: Reporter = silent,
): Promise<void> {
  const { run, source, cache, indices, clustering, key, color } = input;
  const { assignment, groups, k, kReason, suggestion } = clustering;
  const doubt = findDoubtful(assignment.margin, { of: clustering.head ? 'probability' : 'cosine' });
  const ids = Array.from(indices, (index) => cache.entries[index]!.id);
  const clusters = reportClusters({ ids, assignment, groups, doubt });
  const maps = await featureMaps(input, reporter);
  const pictures = await makeThumbnails(clusters, thumbnails(source, cache), {
    largestSide: largestSideOf(cache),
    onProgress: (done, total, size) =>
      reporter.progress({
        stage: 'report',
        text: `pictures of ${size} px: ${showCount(done)} of ${showCount(total)}`,
        done,
        total,
      }),
    signal: reporter.signal,
  });
  reporter.progress({ stage: 'report', text: 'writing the report' });
  const stored = {
    ...(key !== undefined && { keys: { clustering: key } }),
    source: {
      ...{ name: source.name, path: source.path, kind: source.kind },
      ...(source.choices?.pages === 'all' && { pages: 'all' as const }),
    },
    counts: {
      ...{ images: ids.length, skipped: cache.skipped.length, clusters: k },
      equal: indices.length - countDistinct(cache, indices),
    },
    howK: kReason,
    colorAgreement: color,
    ...(suggestion && {
      suggestion: {
        ...{ k: suggestion.best, range: suggestion.range },
        ...{ found: suggestion.found, curve: suggestion.curve },
      },
    }),
    classes: classTable(cache, indices, assignment.assignments),
    doubtRule: doubt.rule,
    clusters,
    skipped: cache.skipped,
    maps,
    thumbnails: { pictures, shortSide: cache.medianShortSide },
  };
  await storeReport(run, stored, commandsInWords(run.config, input.command));
}

/** Stores the clusters of a report and renders the page from the files. */
export async function storeReport(
  { folder, config, step }: Pick<Run, 'folder' | 'config' | 'step'>,
  clustering: ReportClustering & Required<Pick<ReportClustering, 'maps' | 'thumbnails'>>,
  commands: readonly NamedText[] = [],
): Promise<void> {
  const { files } = folder;
  await writeMaps(files.maps, clustering.maps);
  await writeThumbnails(files.thumbnails, clustering.thumbnails);
  const part = await readRunPart(folder, clustering.source.path);
  const settings = [...settingsInWords(config, { step }), ...commands, ...madeNow()];
  const { keys, ...unfinished } = clustering;
  const report = { ...part, settings };
  // Keys tell that the page is there. A kill before it leaves the page of earlier clusters.
  await writeJson(files.reportJson, reportJson(report, unfinished));
  await renderReport(folder);
  if (keys) await writeJson(files.reportJson, reportJson(report, clustering));
}

/**
 * Renders the page of a run from its files.
 *
 * @param file Default report.html in the run folder.
 * @throws LikenessError as {@link readReport}, and `write.*`
 */
export async function renderReport(
  folder: RunFolder,
  file = folder.files.reportHtml,
): Promise<void> {
  await writeFileAtomic(file, reportHtml(await readReport(folder)));
}

/**
 * Finds a size of thumbnails that shows every original as it is; undefined where the cache may have
 * smaller copies.
 */
function largestSideOf({ widths, heights, size }: PixelCache): number | undefined {
  let largest = 0;
  for (let i = 0; i < widths.length; i++) {
    const [shorter, longer] = [
      Math.min(widths[i]!, heights[i]!),
      Math.max(widths[i]!, heights[i]!),
    ];
    if (longer >= size) return undefined;
    largest = Math.max(largest, shorter, longer / 2);
  }
  return largest;
}

/** Makes thumbnails of the originals, and of the cache's copies where an original is gone. */
function thumbnails(source: Source, cache: PixelCache): ThumbnailFunction {
  const positions = new Map(source.entries.map(({ id }, position) => [id, position]));
  const indices = new Map(cache.entries.map(({ id }, index) => [id, index]));
  const reader = openPixelReader(cache);
  return async (id, size) => {
    try {
      const original = await source.read(positions.get(id)!);
      return await thumbnailOf(await isolatedDecoder.decode(original, { size }), size);
    } catch {
      return thumbnailOf(reader.read(indices.get(id)!), size);
    }
  };
}
