/** Reading and changing one run for a page, without HTTP. */
export { csvColumns, readCsvTable } from './csvColumns.ts';
export {
  type EditChange,
  type Explorer,
  type ExplorerEvent,
  type KeyedValues,
  openExplorer,
} from './explorer.ts';
export { describeHierarchy, type PageHierarchy } from './hierarchy.ts';
export type * from './hierarchyProtocol.ts';
export { describeMoment, listMoments } from './moments.ts';
export { type OpenedRun, openForPage, openSourceForPage } from './openedRun.ts';
export type { Picture } from './pictures.ts';
export { type PrepareOptions, prepare } from './prepare.ts';
export * from './protocol.ts';
export { findRuns } from './runs.ts';
export { type TailedEvent, tailEvents } from './tailEvents.ts';
export type * from './trainingProtocol.ts';
export { openTrainings, type TrainFunction, type Trainings } from './trainings.ts';
export type * from './trainProtocol.ts';
export { drawViews } from './viewSheet.ts';
