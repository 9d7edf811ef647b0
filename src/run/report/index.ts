/** The report of a run: what it says, and how it is written. */
export { type ReportClustersInput, reportClusters } from './clusters.ts';
export type {
  ReportClasses,
  ReportCluster,
  ReportData,
  ReportEvaluation,
  ReportImage,
  ReportMap,
  ReportMeasures,
  ReportSimilarity,
  ReportSuggestion,
  ReportTraining,
} from './data.ts';
export { type ThumbnailFunction, thumbnailOf } from './thumbnails.ts';
export { type WriteReportOptions, writeReport } from './write.ts';
