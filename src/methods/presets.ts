/**
 * Presets: recipes by name, and the choice of one from the images.
 *
 * A preset is a value of the settings. Where it fits the number of images, `fitToCount` lowers batch and prototypes.
 */
import { LikenessError } from '../core/errors.ts';
import type { Settings, SettingsInput } from './settings.ts';

export interface Preset {
  description: string;
  settings: SettingsInput;
}

export const presets: Readonly<Record<string, Preset>> = {
  'tiny-28': {
    description: 'grey pictures of about 28 px (Fashion-MNIST, MNIST): minutes on two cores',
    settings: {
      architecture: 'resnet10',
      width: 16,
      stem: 'small',
      crops: '2x28',
      scales: '0.3-1',
      saturation: 0,
      hue: 0,
      greyscaleProbability: 0,
      mean: '0.286,0.286,0.286',
      std: '0.353,0.353,0.353',
      prototypes: 256,
      hiddenLength: 256,
      batchSize: 128,
      epochs: 28,
      imageSize: 28,
    },
  },
  'small-32': {
    description: 'pictures of about 32 px: two crops, a small encoder, half an hour on two cores',
    settings: {
      architecture: 'resnet10',
      width: 16,
      stem: 'cifar',
      crops: '2x32',
      scales: '0.2-1',
      prototypes: 512,
      hiddenLength: 256,
      batchSize: 256,
      epochs: 12,
      imageSize: 32,
    },
  },
  'multicrop-64': {
    description: 'photos from 64 px: multi-crop 2x64 + 4x32, a small encoder, for two cores',
    settings: {
      architecture: 'resnet10',
      width: 16,
      stem: 'small',
      crops: '2x64+4x32',
      scales: '0.25-1+0.08-0.25',
      prototypes: 512,
      hiddenLength: 512,
      batchSize: 128,
      epochs: 60,
      imageSize: 64,
    },
  },
  'multicrop-96': {
    description: 'photos from 96 px, ResNet-18: multi-crop 2x96 + 4x48, for many cores or a night',
    settings: {
      architecture: 'resnet18',
      width: 64,
      stem: 'imagenet',
      crops: '2x96+4x48',
      scales: '0.25-1+0.05-0.25',
      prototypes: 1000,
      hiddenLength: 512,
      batchSize: 256,
      epochs: 200,
      blurProbability: 0.5,
      imageSize: 96,
    },
  },
  'cifar-resnet18': {
    description: "ResNet-18 on 32 px with 512 prototypes, as in lightly's CIFAR-10 benchmark",
    settings: {
      architecture: 'resnet18',
      width: 64,
      stem: 'cifar',
      crops: '2x32',
      scales: '0.14-1',
      prototypes: 512,
      hiddenLength: 512,
      batchSize: 512,
      epochs: 200,
      learningRate: 0.004,
      imageSize: 32,
    },
  },
  'swav-imagenet': {
    description: "the paper's ResNet-50 recipe at batch 256: 2x224 + 6x96, 3,000 prototypes, LARC, a queue",
    settings: {
      architecture: 'resnet50',
      width: 64,
      stem: 'imagenet',
      crops: '2x224+6x96',
      scales: '0.14-1+0.05-0.14',
      prototypes: 3000,
      hiddenLength: 2048,
      batchSize: 256,
      epochs: 200,
      optimizer: 'larc',
      learningRate: 0.6,
      finalLearningRate: 0.0006,
      freezePrototypesSteps: 5005,
      queueLength: 3840,
      queueStartEpoch: 15,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blurProbability: 0.5,
      std: '0.228,0.224,0.225',
      imageSize: 224,
    },
  },
};

/** The preset of that name. */
export function presetNamed(name: string): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (!preset) {
    throw new LikenessError(
      'preset.unknown',
      `--preset: received "${name}"; expected one of ${Object.keys(presets).join(', ')}`,
    );
  }
  return preset;
}

/** What is known of the images when a preset is chosen. */
export interface ImageFacts {
  count: number;
  /** Median of the images' shorter sides, in pixels. */
  medianShortSide: number;
  colour: 'grey' | 'colour';
}

/** The preset for images of that size: below 64 px two crops, from 64 px multi-crop. The reason is for people. */
export function choosePreset({ medianShortSide, colour }: ImageFacts): { name: string; reason: string } {
  const size = `images of about ${Math.round(medianShortSide)} px`;
  if (medianShortSide >= 64) return { name: 'multicrop-64', reason: `${size}: multi-crop` };
  if (medianShortSide <= 30 && colour === 'grey')
    return { name: 'tiny-28', reason: `grey ${size}: two crops` };
  return { name: 'small-32', reason: `${size}: two crops` };
}

/** Largest power of two that is at most n. */
function powerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(n, 1)));
}

/** Batches per epoch below which the batch is lowered: codes need several different batches to be worth learning. */
const MIN_STEPS = 8;
/** Images per prototype below which prototypes are lowered: a prototype must be met more than once per epoch. */
const IMAGES_PER_PROTOTYPE = 8;
const MIN_BATCH = 4;
const MIN_PROTOTYPES = 8;

/**
 * Lowers batch and prototypes where there are too few images for them, and says what it changed and why.
 *
 * Settings that a person gave are kept; a given batch that exceeds the images is an error.
 */
export function fitToCount(
  settings: Settings,
  { count, given }: { count: number; given: ReadonlySet<string> },
): { settings: Settings; notes: string[] } {
  const notes: string[] = [];
  const fitted = { ...settings };
  if (given.has('batchSize') && settings.batchSize > count) {
    throw new LikenessError(
      'settings.batchSize',
      `batchSize: received ${settings.batchSize} for ${count} images; expected at most ${count}. Leave it out to have one chosen.`,
    );
  }
  if (!given.has('batchSize') && settings.batchSize * MIN_STEPS > count) {
    fitted.batchSize = Math.min(
      settings.batchSize,
      Math.max(MIN_BATCH, powerOfTwo(count / MIN_STEPS)),
      count,
    );
    notes.push(`batchSize ${fitted.batchSize} instead of ${settings.batchSize}: only ${count} images`);
    if (!given.has('learningRate') && fitted.batchSize < settings.batchSize) {
      // Adam's rate falls with the square root of the batch, the other optimisers' with the batch.
      const ratio = fitted.batchSize / settings.batchSize;
      fitted.learningRate =
        settings.learningRate * (settings.optimizer === 'adam' ? Math.sqrt(ratio) : ratio);
    }
  }
  if (!given.has('prototypes') && settings.prototypes * IMAGES_PER_PROTOTYPE > count) {
    fitted.prototypes = Math.max(MIN_PROTOTYPES, powerOfTwo(count / IMAGES_PER_PROTOTYPE));
    notes.push(`prototypes ${fitted.prototypes} instead of ${settings.prototypes}: only ${count} images`);
  }
  return { settings: fitted, notes };
}
