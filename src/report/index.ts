/** The report of a run: facts from its files, example images, and one HTML page. */
export { type ClusterReportInput, writeClusterReport } from './clusterReport.ts';
export type { ReportClustersInput } from './clusters.ts';
export type * from './data.ts';
export { type ThumbnailFunction, thumbnailOf } from './thumbnails.ts';
export { type WriteReportOptions, writeReport } from './write.ts';
