/** Comparison of methods: plan, training, measuring, table and page. */

export { type ClassicalName, classicalNames } from './classical.ts';
export { compareMethods, type WrittenComparison } from './compare.ts';
export type {
  Baseline,
  Budget,
  ClusterFigures,
  ComparedMethod,
  ComparedRun,
  Comparison,
  CurvePoint,
  FigureName,
  Figures,
  MeasuredBy,
  Published,
  SummarizedFigures,
  Summary,
  Training,
} from './comparison.ts';
export { storedHubModel } from './conditions.ts';
export type { SettingValues } from './grid.ts';
export { likelyOrder, likelySentence, type Place, SAMPLE, trackingColumns } from './likelyOrder.ts';
export { compareHtml } from './page.ts';
export type { CompareRequest } from './plan.ts';
export {
  dataSetOf,
  publishedFor,
  publishedParts,
  type SourceFacts,
  withNotes,
} from './published.ts';
export {
  originOf,
  originSentence,
  summarizeFigures,
  summarizeMethod,
  summarizeNumbers,
  summaryOf,
} from './summary.ts';
export { compareTable, failures, rowName, showSummary } from './table.ts';
