/** Methods, their settings and presets. */

export { cacheSizeFor, cacheSizeOf } from './cacheSize.ts';
export { infoNce, ntXent } from './contrastive.ts';
export {
  type DefinedMethod,
  defineMethod,
  type Failure,
  type Method,
  type MethodDefinition,
  type Pairs,
  type PhaseScope,
  type Remedy,
  type Stage,
  type StepScope,
} from './defineMethod.ts';
export { embeddingProgram } from './embeddingProgram.ts';
export { checkStem, encoderOptions } from './encoderOptions.ts';
export { type FineTuneFacts, fineTuneSettings } from './fineTuneSettings.ts';
export { fitToPictures, MIRROR_LIMIT, type PictureFacts } from './fitToPictures.ts';
export { canBeHead, defaultHead, type HeadFacts, headSettings } from './headSettings.ts';
export { learnedTree, type PrototypeTree } from './hierarchy.ts';
export {
  featureLength,
  type InferenceOptions,
  inferenceProgram,
  type Normalization,
  normalizeImages,
} from './inference.ts';
export { initialEncoderState } from './initialState.ts';
export type { Model } from './model.ts';
export { type Need, needOf } from './needs.ts';
export { pairSimilarities } from './pairSimilarity.ts';
export {
  allPresets,
  choosePreset,
  fitToCount,
  type ImageFacts,
  methodOfPreset,
  type Preset,
  presetNamed,
  presets,
  settingsFor,
} from './presets.ts';
export type {
  CropGroup,
  EpochPhase,
  EpochWork,
  MethodHead,
  MethodProgram,
  Moment,
  PhaseContext,
  PhaseResult,
  StageProgram,
  StageStart,
  StepContext,
  StepProgram,
} from './program.ts';
export { type ProjectionOptions, project, projectionSettings } from './projection.ts';
export { labeledCrossEntropy } from './pseudoLabels.ts';
export {
  allMethods,
  defaultMethod,
  headNames,
  methodNamed,
  methodNames,
  registerMethod,
} from './registry.ts';
export { resolveSettings, settingsOfVersion1 } from './resolve.ts';
export { checkProgram, methodHead, methodProgram, stateShapes } from './runProgram.ts';
export {
  freeSettings,
  MAX_EPOCHS,
  mergeSettings,
  type OwnSettings,
  type Settings,
  type SettingsPatch,
  sharedGroups,
} from './settings.ts';
export type { Observation, Rows, StateValue, Step, TrainingStep } from './step.ts';
export { swav, swavLoss } from './swav.ts';
export {
  currentName,
  type FlatPatch,
  type FlatSettings,
  flatSettings,
  flatValues,
  parseCrops,
  patchOf,
  patchOfValues,
  settingNames,
  settingOfText,
  showCrops,
  showSetting,
} from './text.ts';
export { cropsFor, viewsOf } from './views.ts';
