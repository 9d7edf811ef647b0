/** Writing a report: report.json with the facts, report.html with the pictures. */
import { writeFileAtomic } from '../formats/index.ts';
import type { JsonObject, RunFolder } from '../run/index.ts';
import type { ReportCluster, ReportData, ReportImage } from './data.ts';
import { reportVerdict } from './evaluation.ts';
import { reportHtml } from './html.ts';
import { type EmbedOptions, embedThumbnails, type ThumbnailFunction } from './thumbnails.ts';

export interface WriteReportOptions extends EmbedOptions {
  /** Gives the picture of an image; called for at most 60 images per cluster, one at a time. */
  readonly thumbnail: ThumbnailFunction;
}

/** Version of report.json's layout. */
const REPORT_VERSION = 1;

/**
 * Writes report.json and report.html into the run. The same data and thumbnails give the same bytes.
 *
 * @throws LikenessError `write.*`; earlier reports are then unchanged.
 */
export async function writeReport(
  run: RunFolder,
  data: ReportData,
  { thumbnail, ...options }: WriteReportOptions,
): Promise<void> {
  const embedded = await embedThumbnails(data.clusters, thumbnail, options);
  await writeFileAtomic(run.files.reportJson, `${JSON.stringify(reportJson(data), null, 2)}\n`);
  await writeFileAtomic(run.files.reportHtml, reportHtml(data, embedded));
}

/** The report's facts as one JSON value. Training curves are left to events.jsonl, which has every step. */
export function reportJson(data: ReportData): JsonObject {
  const { training, evaluation, clusters, source, maps, ...rest } = data;
  const value = {
    version: REPORT_VERSION,
    ...rest,
    source: { name: source.name, path: source.path },
    clusters: clusters.map(clusterJson),
    ...(training && {
      training: {
        steps: training.steps.at(-1) ?? 0,
        loss: training.loss.at(-1) ?? null,
        chance: training.chance,
        usageEntropy: training.usage?.entropy.at(-1) ?? null,
        similarities: training.similarities?.map(({ level, positive, negative }) => ({
          level,
          positive: { mean: positive.mean.at(-1), spread: positive.spread.at(-1) },
          negative: { mean: negative.mean.at(-1), spread: negative.spread.at(-1) },
        })),
        verdict: training.verdict,
      },
    }),
    ...(maps && { maps: maps.map(({ title, nmi, places }) => ({ title, images: places.length / 2, nmi })) }),
    ...(evaluation && {
      evaluation: { ...evaluation, verdict: reportVerdict(evaluation).map(({ text }) => text) },
    }),
  };
  return value as unknown as JsonObject;
}

function clusterJson({ typical, edge, ...facts }: ReportCluster) {
  const image = ({ path, confidence, margin, doubtful, second }: ReportImage) => ({
    path,
    confidence: Number(confidence.toFixed(6)),
    margin: Number(margin.toFixed(6)),
    doubtful,
    second,
  });
  return { ...facts, typical: typical.map(image), edge: edge.map(image) };
}
