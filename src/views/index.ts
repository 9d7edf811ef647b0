/** Augmented views of images, and the loaders that render batches of them in worker threads. */

export {
  type ContactSheetOptions,
  contactSheet,
  describeArea,
  describeSteps,
  writeContactSheet,
} from './contactSheet.ts';
export {
  type EvaluationBatch,
  type EvaluationBatchOptions,
  evaluationBatches,
} from './evaluationBatches.ts';
export { type EvaluationSpec, type Fit, fits, renderEvaluationView } from './evaluationView.ts';
export type { CacheLayout } from './jobs.ts';
export {
  type Batch,
  type CropValues,
  epochOrders,
  type Loader,
  type LoaderOptions,
  openLoader,
} from './loader.ts';
export { gradientDescriptor, MIRROR_SIZE, mirrorRatio } from './mirroring.ts';
export {
  type Box,
  type InterleavedImage,
  type PlanarImage,
  toInterleaved,
  toPlanes,
} from './planarImage.ts';
export { drawCrop } from './randomResizedCrop.ts';
export { type ResizeKernel, type ResizeOptions, resizeInto, resizeKernels } from './resize.ts';
export {
  type CropSpec,
  type Normalization,
  parseViews,
  type Step,
  type ViewsInput,
  type ViewsSpec,
  viewCount,
  viewsSchema,
} from './spec.ts';
export { drawView, makeView, renderView, type ViewPlan, type ViewPosition } from './view.ts';
