/** The report of a run: a read model of its files, and its rendering to one HTML page. */
export { type ClusterReportInput, renderReport, writeClusterReport } from './clusterReport.ts';
export { reportHtml } from './html/page.ts';
export { shownMeasures } from './measures.ts';
export { readReport } from './readReport.ts';
export type * from './runReport.ts';
export { settingsInWords } from './settingsInWords.ts';
export { thumbnailOf } from './thumbnails.ts';
