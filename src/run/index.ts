/** The run folder: its files, how each is written, and how each is read. */

export {
  applyEdits,
  applyOperation,
  copyOf,
  type EditedClusters,
  type EditState,
  editedClusters,
  type FoundClusters,
  JUNK,
  unedited,
} from './applyEdits.ts';
export { type BaseSettings, baseCacheSize, readBase, trainedCacheSize, writeBase } from './base.ts';
export {
  type Checkpoint,
  type CheckpointFile,
  type CheckpointInfo,
  checkpointName,
  type DamagedCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  loadLatestCheckpoint,
  readCheckpointInfo,
  saveCheckpoint,
  stateOf,
} from './checkpoint.ts';
export { maxCheckpointBytes, requireOwnSettings, requireShapes } from './checkState.ts';
export { clusterAlgorithmOf } from './clusterAlgorithm.ts';
export { readClustering, type StoredClustering, writeClustering } from './clustering.ts';
export { type ClusteredImage, fixed, readClusters, writeClusters } from './clusters.ts';
export { configVersion } from './config.ts';
export {
  applyStoredEdits,
  type EditedClustering,
  editsKeyOf,
  noEdits,
  readEditedClusters,
  readEdits,
  removeEdits,
  type StoredEdits,
  writeEdits,
} from './edits.ts';
export {
  type Embeddings,
  openEmbeddings,
  type StoredEmbeddings,
  writeEmbeddings,
} from './embeddings.ts';
export { readEncoder, readEncoderIfLearned, writeEncoder } from './encoderFile.ts';
export {
  readEvaluation,
  readEvaluationIfValid,
  type StoredEvaluation,
  writeEvaluation,
} from './evaluation.ts';
export { type EventLog, openEventLog, readEvents, readEventsFrom } from './events.ts';
export { type FeatureFile, writeFeatureFile } from './featureFile.ts';
export { clusteringFolderAt, type RunFolder, runFileNames, runFolderAt } from './files.ts';
export {
  claimRunFolder,
  clearLeftovers,
  createRunFolder,
  isRunFolder,
  openRunFolder,
  requireFree,
  runName,
  slugOf,
} from './folder.ts';
export { readHierarchy, type StoredHierarchy, writeHierarchy } from './hierarchy.ts';
export {
  differenceOf,
  hashOfImages,
  type ImageListHash,
  readImageIds,
  requireSameImages,
  writeImageList,
  writeMissingLists,
} from './imageList.ts';
export {
  hashOfJson,
  isMissing,
  type JsonObject,
  type JsonValue,
  parseJson,
  readJson,
  readJsonIfValid,
  writeJson,
} from './json.ts';
export { type KeptEdits, keepEdits } from './keepEdits.ts';
export { MAX_COMMAND } from './limits.ts';
export {
  clearStaleLocks,
  holding,
  isLocked,
  lockClusters,
  lockEvaluation,
  lockRun,
  type RunLock,
} from './lock.ts';
export { type FeatureMap, type FeatureMaps, readMaps, writeMaps } from './maps.ts';
export {
  type Moment,
  type MomentKind,
  type MomentStrip,
  momentKinds,
  momentLimits,
  momentsOf,
  readMoment,
  rewindMoments,
  writeMoment,
} from './moments.ts';
export { clusterAgain } from './nextSteps.ts';
export {
  type FeaturesRun,
  featuresCacheSize,
  featuresRunOf,
  openRun,
  openTrainedRun,
  type Run,
  type RunView,
  runAtStep,
  type TrainedRun,
} from './openRun.ts';
export {
  changesClusters,
  clusterName,
  describeOperation,
  type Operation,
  operationSchema,
  operations,
} from './operations.ts';
export {
  type FineTuned,
  networkCacheSize,
  originView,
  readOrigin,
  sidesOf,
  writeOrigin,
} from './origin.ts';
export { readPlan, writePlan } from './plan.ts';
export { openPlanStore } from './planStore.ts';
export {
  type FeaturesConfig,
  isEndOf,
  type RunConfig,
  readRunConfig,
  readTrainedConfig,
  storedModel,
  type TrainedConfig,
  writeRunConfig,
} from './runConfig.ts';
export type { MeasuresEvent, RunEvent, RunFacts } from './runEvent.ts';
export { settingsHash } from './settingsHash.ts';
export { readSkipped, type SkippedImage, writeSkipped } from './skipped.ts';
export { rewindSnapshots, type Snapshot, saveSnapshot, snapshotsOf } from './snapshots.ts';
export { checkSortFolder, type SortOptions, type SortResult, sortInto } from './sortInto.ts';
export { type SortItem, sortedNames } from './sortNames.ts';
export {
  choicesAsStored,
  readingText,
  readStoredSource,
  type StoredSource,
  storedSource,
  storedSourceOf,
} from './sourceChoices.ts';
export { readStem, type StemShape, writeStem } from './stemFile.ts';
export {
  type ExampleImage,
  REPORT_VERSION,
  type ReportClasses,
  type ReportCluster,
  type ReportColorAgreement,
  type ReportSuggestion,
  readStoredReport,
  type StoredReport,
} from './storedReport.ts';
export { readThumbnails, type Thumbnails, writeThumbnails } from './thumbnails.ts';
export { lossesOfOpenEpoch, trainingSeconds } from './trainingTime.ts';
export { readWatched, type WatchedSample, writeWatched } from './watched.ts';
