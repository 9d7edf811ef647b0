/** Encoders: images in, feature vectors out, and the heads of trained methods on top. */

export { type AssignableClusters, assignFeatures } from './assignFeatures.ts';
export { checkExport, type ExportCheck, type ExportDifference } from './checkExport.ts';
export {
  type CheckpointModel,
  type CheckpointOptions,
  checkpointModel,
} from './checkpoints/checkpointModel.ts';
export {
  type CompiledShape,
  type EmbedOptions,
  type EncoderHeads,
  encoderOf,
  type ImageEncoder,
  type NetworkEncoder,
  type PixelSet,
} from './encoder.ts';
export {
  type ClusterGraph,
  clusterGraph,
  EXPORT_CLUSTERS,
  type HeadGraph,
  onStandardized,
} from './exportClusters.ts';
export {
  EXPORT_INPUT,
  type ExportedEncoder,
  type ExportParts,
  encoderShapes,
  exportEncoder,
  methodClusters,
} from './exportEncoder.ts';
export { EXPORT_OUTPUT, networkMetadata, preparationOf, viewMetadata } from './exportMetadata.ts';
export {
  defaultEncoder,
  type EncoderSpec,
  encoderSpec,
  type FeatureEncoder,
  type FeatureEncoderName,
  featureEncoder,
  featureEncoderNames,
  type LearnedEncoderName,
  learnedEncoder,
  learnedNames,
} from './featureEncoders.ts';
export { type HeadClusters, headClusters } from './headClusters.ts';
export {
  type HeadedEncoderOptions,
  headedEncoder,
  requireStandardization,
} from './headedEncoder.ts';
export { headShapes, openHeads } from './heads.ts';
export {
  type HubSource,
  hubCacheFolder,
  isHubId,
  type KnownModel,
  knownModels,
} from './hub/index.ts';
export {
  type ExportJoinedOptions,
  exportJoined,
  type JoinedEncoderOptions,
  type JoinedSettings,
  type JoinedTensors,
  joinedEncoder,
  joinedSettings,
  type LearnJoinOptions,
  learnJoin,
  networkSettings,
  PATCHES,
  partOf,
  type Retrieval,
  viewRetrieval,
  weightOf,
} from './joined/index.ts';
export { modelEncoder } from './modelEncoder.ts';
export { exportModel } from './models/exportModel.ts';
export {
  normalizationOf,
  registerModel,
  registerRuntimeTypes,
  withWeights,
} from './models/fineTuned.ts';
export { type ImageInput, viewOf } from './models/imageInput.ts';
export { type ModelDifference, modelDifference } from './models/modelDifference.ts';
export { type ModelFile, type ModelFileOptions, openModelFile } from './models/modelFile.ts';
export { isAsNamed, type NamedModel, parseModelName } from './models/modelName.ts';
export { type ModelSettings, modelKey, modelSettings, pinnedHubId } from './models/onnxModel.ts';
export { onnxEncoder } from './onnxEncoder.ts';
export {
  type ExportPatchesOptions,
  exportPatches,
  type LearnPatchesOptions,
  learnPatches,
  learnStemFilters,
  type PatchEncoderOptions,
  type PatchSettings,
  type PatchTensors,
  patchEncoder,
  patchSettings,
  type StemFiltersOptions,
} from './patches/index.ts';
export { type PixelEncoderOptions, type PixelFeatures, pixelEncoder } from './pixelEncoder.ts';
export {
  colorHistogram,
  type PlanarImages,
  rawPixelDimension,
  rawPixels,
} from './pixelFeatures.ts';
export { withMetadata } from './precision/editWeights.ts';
export { withOutputAliases } from './precision/outputAliases.ts';
export { type Precision, precisions, withPrecision } from './precision/precision.ts';
export {
  type BatchOutputs,
  type FilledBatch,
  filled,
  type ImageBatch,
  joinRows,
  runBatches,
} from './runBatches.ts';
export { type ComparedSet, type RowsSeen, rowsSeen, sayIfSame } from './sameFeatures.ts';
export {
  type Standardization,
  standardizationOf,
  standardizationTensors,
  standardized,
} from './standardization.ts';
export { type StoredFeaturesOptions, withStoredFeatures } from './storedFeatures.ts';
export { modelsInCache, modelsInFolder, type StoredModel } from './storedModels.ts';
export { networkShapes, type TrainedEncoderOptions, trainedEncoder } from './trainedEncoder.ts';
export { type NamedModels, trainingName } from './trainingName.ts';
export {
  UNTRAINED,
  type UntrainedOptions,
  untrainedEncoder,
  untrainedState,
} from './untrainedEncoder.ts';
export { type ViewFeaturesOptions, viewFeatures } from './viewFeatures.ts';
