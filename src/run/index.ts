/** The run folder: what is in it, reading and writing it. */

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
export { readClustering, type StoredClustering, writeClustering } from './clustering.ts';
export { type Assignment, clustersCsv, readClusters, writeClusters } from './clusters.ts';
export { configVersion, readConfig, writeConfig } from './config.ts';
export { type Embeddings, writeEmbeddings } from './embeddings.ts';
export { type EventLog, type MeasuresEvent, openEventLog, type RunEvent, readEvents } from './events.ts';
export { type RunFolder, runFileNames, runFolderAt } from './files.ts';
export { createRunFolder, isRunFolder, openRunFolder, runName } from './folder.ts';
export type { JsonObject, JsonValue } from './json.ts';
export { type KeptFeatures, keepFeatures } from './keptFeatures.ts';
export { lockRun, type RunLock } from './lock.ts';
export { openPlanStore } from './planStore.ts';
export { freeSettings, settingsHash } from './settingsHash.ts';
export { type SkippedImage, writeSkipped } from './skipped.ts';
export { rewindSnapshots, type Snapshot, saveSnapshot, snapshotsOf } from './snapshots.ts';
export { type SortOptions, type SortResult, sortInto } from './sortInto.ts';
export { openTrainedRun, type RunConfig, readRunConfig, type TrainedRun } from './trained.ts';
export { trainingSeconds } from './trainingTime.ts';
export { readWatched, type WatchedSample, writeWatched } from './watched.ts';
