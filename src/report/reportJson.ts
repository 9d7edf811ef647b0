/** report.json: the facts of a report for scripts, without curves, coordinates and pictures. */
import {
  type ExampleImage,
  type JsonObject,
  REPORT_VERSION,
  type ReportCluster,
} from '../run/index.ts';
import type { ReportClustering, RunReport } from './runReport.ts';
import { verdictsOnRun } from './verdicts.ts';

/**
 * Builds the content of report.json. Training curves are left to events.jsonl, which has every
 * step.
 */
export function reportJson(
  { run, method, trained, settings, training, measures, evaluation }: RunReport,
  {
    clusters,
    maps,
    thumbnails: _,
    members: __,
    keys,
    source,
    counts,
    howK,
    colorAgreement,
    suggestion,
    classes,
    doubtRule,
    skipped,
  }: ReportClustering,
): JsonObject {
  const value = {
    version: REPORT_VERSION,
    run,
    method,
    trained,
    keys: keys && { ...keys, evaluation: evaluation?.key },
    source,
    counts,
    settings,
    howK,
    colorAgreement,
    suggestion,
    classes,
    doubtRule,
    clusters: clusters.map(clusterJson),
    measures,
    skipped,
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
        health: training.health,
        remedy: training.remedy,
      },
    }),
    ...(maps && {
      maps: maps.maps.map(({ title, nmi }) => ({ title, images: maps.ids.length, nmi })),
    }),
    ...(evaluation && {
      evaluation: { ...evaluation, verdict: verdictsOnRun(evaluation).map(({ text }) => text) },
    }),
  };
  return value as unknown as JsonObject;
}

function clusterJson({ typical, edge, ...facts }: ReportCluster) {
  const image = ({ path, confidence, margin, doubtful, second }: ExampleImage) => ({
    path,
    confidence: Number(confidence.toFixed(6)),
    margin: Number(margin.toFixed(6)),
    doubtful,
    second,
  });
  return { ...facts, typical: typical.map(image), edge: edge.map(image) };
}
