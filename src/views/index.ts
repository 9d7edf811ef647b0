/** Views: what a network sees of an image. Augmentations, presets, and the loader that makes batches of them. */

export {
  type ContactSheetOptions,
  contactSheet,
  describeArea,
  describeSteps,
  writeContactSheet,
} from './contactSheet.ts';
export { type EvaluationBatch, type EvaluationBatchOptions, evaluationBatches } from './evaluationBatches.ts';
export { type EvaluationSpec, renderEvaluationView } from './evaluationView.ts';
export type { CacheLayout } from './jobs.ts';
export { type Batch, type Loader, type LoaderOptions, openLoader } from './loader.ts';
export {
  type Box,
  type InterleavedImage,
  type PlanarImage,
  toInterleaved,
  toPlanes,
} from './planarImage.ts';
export {
  type ViewsPreset,
  type ViewsPresetName,
  viewsPreset,
  viewsPresetNames,
  viewsPresets,
} from './presets.ts';
export { drawCrop } from './randomResizedCrop.ts';
export { type ResizeOptions, resizeInto } from './resize.ts';
export {
  type CropSpec,
  type Normalisation,
  parseViews,
  type Step,
  type ViewsInput,
  type ViewsSpec,
  viewCount,
  viewsSchema,
} from './spec.ts';
export { measureViews, type ViewSpeed, type ViewSpeedOptions } from './speed.ts';
export { drawView, makeView, renderView, type ViewPlan, type ViewPosition } from './view.ts';
