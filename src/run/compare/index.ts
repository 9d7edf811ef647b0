/** The comparison of methods: what it says, and how it is written. */

export { likelyOrder, likelySentence, type Place, SAMPLE, trackingColumns } from './choice.ts';
export type {
  Baseline,
  ClusterFigures,
  ComparedMethod,
  ComparedRun,
  Comparison,
  CurvePoint,
  FigureName,
  Figures,
  MeasuredBy,
  Published,
  SummarisedFigures,
  Summary,
} from './data.ts';
export { compareHtml } from './html.ts';
export { dataSetOf, publishedFor, publishedParts, type SourceFacts, withNotes } from './published.ts';
export {
  originOf,
  originSentence,
  summariseFigures,
  summariseMethod,
  summariseNumbers,
  summaryOf,
} from './summary.ts';
