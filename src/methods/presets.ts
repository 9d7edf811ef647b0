/**
 * Presets: recipes by name, and the choice of one from the images.
 *
 * A preset is a value of the settings. Where it fits the number of images, `fitToCount` lowers batch and prototypes.
 */
import { LikenessError } from '../core/errors.ts';
import { methods } from './registry.ts';
import { type MethodName, resolveSettings, type Settings, type SettingsInput } from './settings.ts';
import { cropsFor } from './views.ts';

export interface Preset {
  description: string;
  settings: SettingsInput;
  /** Whether it is a whole recipe for one method, to which nothing is added. */
  isComplete?: boolean;
}

const bySize: Readonly<Record<string, Preset>> = {
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
};

/** Recipes of papers by their methods, as presets. */
const ofPapers: Readonly<Record<string, Preset>> = Object.fromEntries(
  Object.entries(methods).flatMap(([method, { presets = {} }]) =>
    Object.entries(presets).map(([name, { description, settings }]) => [
      name,
      { description, settings: { ...settings, method: method as MethodName }, isComplete: true },
    ]),
  ),
);

/** All presets: those for kinds of images, and the papers' recipes. */
export const presets: Readonly<Record<string, Preset>> = { ...bySize, ...ofPapers };

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

/**
 * The settings of a preset for a method: the preset's encoder, sizes and batch, its crops cut down to what the method
 * takes, then the method's own recipe, then what a person gave. A paper's complete recipe is left as it is.
 *
 * @throws LikenessError `preset.method` when a paper's recipe is named together with another method.
 */
export function settingsFor(name: string, given: SettingsInput): Settings {
  const { settings, isComplete } = presetNamed(name);
  const method = given.method ?? settings.method ?? 'swav';
  if (isComplete) {
    if (settings.method !== method) {
      throw new LikenessError(
        'preset.method',
        `--preset: received "${name}", a recipe for ${settings.method}; expected one for ${method}, or --method ${settings.method}`,
      );
    }
    return resolveSettings({ ...settings, ...given });
  }
  const { crops = '2x32', scales = '0.14-1' } = settings;
  const recipe = methods[method]?.recipe ?? {};
  return resolveSettings({ ...settings, ...cropsFor(method, { crops, scales }), ...recipe, ...given });
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
/** Images per cluster of a clustering between epochs below which clusters are lowered. */
const IMAGES_PER_CLUSTER = 8;
const MIN_CLUSTERS = 2;

/**
 * Lowers batch, and the numbers of groups and kept rows that the method learns, where there are too few images for them, and says what it changed and why.
 *
 * Settings that a person gave are kept; a given batch that exceeds the images is an error.
 */
export function fitToCount(
  settings: Settings,
  { count, given }: { count: number; given: ReadonlySet<string> },
): { settings: Settings; notes: string[] } {
  const notes: string[] = [];
  const fitted = { ...settings };
  const { fits } = methods[settings.method];
  const mayLower = (name: (typeof fits)[number]) => fits.includes(name) && !given.has(name);
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
  if (mayLower('prototypes') && settings.prototypes * IMAGES_PER_PROTOTYPE > count) {
    fitted.prototypes = Math.max(MIN_PROTOTYPES, powerOfTwo(count / IMAGES_PER_PROTOTYPE));
    notes.push(`prototypes ${fitted.prototypes} instead of ${settings.prototypes}: only ${count} images`);
  }
  const clusters = settings.clusters.split(',').map(Number);
  if (mayLower('clusters') && clusters.some((k) => k * IMAGES_PER_CLUSTER > count)) {
    const most = Math.max(MIN_CLUSTERS, powerOfTwo(count / IMAGES_PER_CLUSTER));
    // Levels keep their proportions, so that a hierarchy stays one.
    const ratio = most / Math.max(...clusters);
    fitted.clusters = clusters.map((k) => Math.max(MIN_CLUSTERS, Math.round(k * ratio))).join(',');
    notes.push(`clusters ${fitted.clusters} instead of ${settings.clusters}: only ${count} images`);
  }
  if (mayLower('queueLength') && settings.queueLength > count) {
    fitted.queueLength = Math.floor(count / 2 / fitted.batchSize) * fitted.batchSize;
    notes.push(`queueLength ${fitted.queueLength} instead of ${settings.queueLength}: only ${count} images`);
  }
  return { settings: fitted, notes };
}
