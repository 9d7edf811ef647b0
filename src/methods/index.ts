/** The methods, their settings and presets. */
import { adam, larc, lars, type Optimizer, sgd, warmupCosine } from '../nn/index.ts';
import type { MethodProgram, Moment } from './method.ts';
import type { Settings } from './settings.ts';
import { swavProgram } from './swav.ts';
import { viewsOf } from './views.ts';

export {
  exportedFeatures,
  featureLength,
  type InferenceOptions,
  inferenceProgram,
  type Normalisation,
  normaliseImages,
} from './encoder.ts';
export type { CropGroup, MethodProgram, Moment } from './method.ts';
export { choosePreset, fitToCount, type ImageFacts, type Preset, presetNamed, presets } from './presets.ts';
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
export { type SwavOptions, swavLoss, swavProgram, swavStep } from './swav.ts';
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

/** The method's whole training step, as settings describe it. */
export function methodProgram(settings: Settings): MethodProgram {
  const views = viewsOf(settings);
  const learningRate = ({ step, stepsPerEpoch, totalSteps }: Moment) =>
    warmupCosine(step, {
      start: settings.startLearningRate,
      base: settings.learningRate,
      final: settings.finalLearningRate,
      warmupSteps: Math.round(settings.warmupEpochs * stepsPerEpoch),
      totalSteps,
    });
  return swavProgram({
    ...settings,
    // Whole batches, so that the queue is shifted by one batch per step.
    queueLength: Math.floor(settings.queueLength / settings.batchSize) * settings.batchSize,
    crops: views.crops.map(({ count, size }) => ({ count, size })),
    encoder: encoderOptions(settings),
    normalise: views.normalise,
    optimizer: optimizerOf(settings),
    learningRate,
  });
}

/** The encoder that settings describe. */
export function encoderOptions({ architecture, width, stem }: Settings) {
  return { architecture, width, stem };
}
