/** The patch encoder: features of whitened patches, learned from the images in seconds. */
export { type ExportPatchesOptions, exportPatches } from './exportPatches.ts';
export { type LearnPatchesOptions, learnPatches } from './learnPatches.ts';
export { type PatchEncoderOptions, type PatchTensors, patchEncoder } from './program.ts';
export { type PatchSettings, patchGeometry, patchSettings } from './settings.ts';
export { learnStemFilters, type StemFiltersOptions } from './stemFilters.ts';
