/** The methods, their settings and presets. */
import { adam, checkSizes, larc, lars, type Optimizer, sgd, warmupCosine } from '../nn/index.ts';
import { encoderOptions } from './encoderOptions.ts';
import type { MethodHead, MethodProgram, Moment, StepContext } from './method.ts';
import { methods } from './registry.ts';
import type { Settings } from './settings.ts';
import { viewsOf } from './views.ts';

export { cacheSizeOf } from './cacheSize.ts';
export {
  exportedFeatures,
  featureLength,
  type InferenceOptions,
  inferenceProgram,
  type Normalisation,
  normaliseImages,
} from './encoder.ts';
export { encoderOptions } from './encoderOptions.ts';
export { initialEncoderState } from './initialState.ts';
export type {
  CropGroup,
  EpochPhase,
  Method,
  MethodHead,
  MethodProgram,
  Moment,
  PhaseContext,
  PhaseResult,
  StepContext,
} from './method.ts';
export { pairSimilarities } from './pairSimilarity.ts';
export {
  choosePreset,
  fitToCount,
  type ImageFacts,
  type Preset,
  presetNamed,
  presets,
  settingsFor,
} from './presets.ts';
export { methods } from './registry.ts';
export {
  type MethodName,
  methodNames,
  parseAssignments,
  resolveSettings,
  type SettingName,
  type Settings,
  type SettingsInput,
  settingNames,
  settingsSchema,
} from './settings.ts';
export { type SwavOptions, swavLoss, swavStep } from './swav.ts';
export { parseCrops, viewsOf } from './views.ts';

function optimizerOf(settings: Settings): Optimizer {
  const { momentum, weightDecay, trust } = settings;
  switch (settings.optimizer) {
    case 'adam':
      return adam({ weightDecay });
    case 'larc':
      return larc({ momentum, weightDecay, trust, mode: settings.larcMode });
    case 'lars':
      return lars({ momentum, weightDecay, trust });
    case 'sgd':
      return sgd({ momentum, weightDecay });
  }
}

/**
 * The method's whole training step, as settings describe it, for so many images; `extra` are the positions of those that
 * are only learned from.
 */
export function methodProgram(
  settings: Settings,
  { images, extra }: Pick<StepContext, 'images' | 'extra'>,
): MethodProgram {
  const views = viewsOf(settings);
  const learningRate = ({ step, stepsPerEpoch, totalSteps }: Moment) =>
    warmupCosine(step, {
      start: settings.startLearningRate,
      base: settings.learningRate,
      final: settings.finalLearningRate,
      warmupSteps: Math.round(settings.warmupEpochs * stepsPerEpoch),
      totalSteps,
    });
  checkSizes(encoderOptions(settings), [...views.crops.map(({ size }) => size), settings.imageSize]);
  return methods[settings.method].program(settings, {
    batchSize: settings.batchSize,
    images,
    extra,
    crops: views.crops.map(({ count, size }) => ({ count, size })),
    encoder: encoderOptions(settings),
    normalise: views.normalize,
    optimizer: optimizerOf(settings),
    learningRate,
  });
}

/** What the method makes of features. */
export function methodHead(settings: Settings): MethodHead {
  return methods[settings.method].head(settings);
}
