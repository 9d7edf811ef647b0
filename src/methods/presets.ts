/**
 * Presets: recipes by name, and the choice of one from the images.
 *
 * A preset is a part of the settings. `fitToCount` lowers batch and prototypes to the number of
 * images.
 */

import { LikenessError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { plural } from '../core/text.ts';
import { IMAGES_PER_CLUSTER, IMAGES_PER_PROTOTYPE, MIN_STEPS } from './needs.ts';
import { allMethods, defaultMethod, methodNamed } from './registry.ts';
import { resolveSettings } from './resolve.ts';
import { mergeSettings, type Settings, type SettingsPatch } from './settings.ts';
import { cropsFor } from './views.ts';

/** A recipe by name. */
export interface Preset {
  description: string;
  settings: SettingsPatch;
  /** True for a whole recipe for one method, to which nothing is added. */
  isComplete?: boolean;
}

const range = (low: number, high: number): [number, number] => [low, high];

/**
 * Recipes for kinds of images. Settings of `method` apply to methods that read them.
 *
 * The method (SimCLR unless one is named) and the first filters are those that were measured best,
 * in "Methods by budget" and "First filters" of docs/results.md.
 */
const bySize: Readonly<Record<string, Preset>> = {
  'tiny-28': {
    description: 'gray images of about 28 px (Fashion-MNIST, MNIST): minutes on two cores',
    settings: {
      data: {
        batchSize: 128,
        imageSize: 28,
        mean: [0.286, 0.286, 0.286],
        std: [0.353, 0.353, 0.353],
      },
      views: {
        crops: [{ count: 2, size: 28 }],
        scales: [range(0.3, 1)],
        saturation: 0,
        hue: 0,
        grayscaleProbability: 0,
      },
      encoder: { architecture: 'resnet10', width: 16, stem: 'small' },
      schedule: { epochs: 28 },
      method: { prototypes: 256, hiddenDim: 256 },
    },
  },
  'small-32': {
    description: 'images of about 32 px: two crops, a small encoder, half an hour on two cores',
    settings: {
      data: { batchSize: 256, imageSize: 32 },
      views: { crops: [{ count: 2, size: 32 }], scales: [range(0.2, 1)] },
      encoder: { architecture: 'resnet10', width: 16, stem: 'cifar', stemStart: 'patches' },
      schedule: { epochs: 12 },
      method: { prototypes: 512, hiddenDim: 256 },
    },
  },
  'multicrop-64': {
    description: 'photos from 64 px: multi-crop 2x64 + 4x32, a small encoder, for two cores',
    settings: {
      data: { batchSize: 128, imageSize: 64 },
      views: {
        crops: [
          { count: 2, size: 64 },
          { count: 4, size: 32 },
        ],
        scales: [range(0.25, 1), range(0.08, 0.25)],
      },
      encoder: { architecture: 'resnet10', width: 16, stem: 'small', stemStart: 'patches' },
      schedule: { epochs: 60 },
      method: { prototypes: 512, hiddenDim: 512 },
    },
  },
  'multicrop-96': {
    description: 'photos from 96 px, ResNet-18: multi-crop 2x96 + 4x48, for many cores or a night',
    settings: {
      data: { batchSize: 256, imageSize: 96 },
      views: {
        crops: [
          { count: 2, size: 96 },
          { count: 4, size: 48 },
        ],
        scales: [range(0.25, 1), range(0.05, 0.25)],
        blurProbability: 0.5,
      },
      encoder: { architecture: 'resnet18', width: 64, stem: 'imagenet' },
      schedule: { epochs: 200 },
      method: { prototypes: 1000, hiddenDim: 512 },
    },
  },
  'cifar-resnet18': {
    description: "ResNet-18 on 32 px with 512 prototypes, as in lightly's CIFAR-10 benchmark",
    settings: {
      data: { batchSize: 512, imageSize: 32 },
      views: { crops: [{ count: 2, size: 32 }], scales: [range(0.14, 1)] },
      encoder: { architecture: 'resnet18', width: 64, stem: 'cifar' },
      optimizer: { learningRate: 0.004 },
      schedule: { epochs: 200 },
      method: { prototypes: 512, hiddenDim: 512 },
    },
  },
};

/** All presets: those for kinds of images, and the papers' recipes of all methods. */
export function allPresets(): Readonly<Record<string, Preset>> {
  const ofPapers = allMethods().flatMap((method) =>
    Object.entries(method.presets).map(([name, { description, settings }]): [string, Preset] => [
      name,
      {
        description,
        settings: { ...settings, method: { ...settings.method, name: method.name } },
        isComplete: true,
      },
    ]),
  );
  return { ...bySize, ...Object.fromEntries(ofPapers) };
}

/** Presets of the methods that come with likeness. */
export const presets = allPresets();

/** The preset of that name. */
export function presetNamed(name: string): Preset {
  const known = allPresets();
  const preset = Object.hasOwn(known, name) ? known[name] : undefined;
  if (preset) return preset;
  throw new LikenessError(
    'preset.unknown',
    `preset: received "${name}"; expected one of ${Object.keys(known).join(', ')}` +
      didYouMean(name, Object.keys(known)),
  );
}

/** The method of a paper's recipe; none for a preset for a kind of images. */
export function methodOfPreset(name: string): { method?: string } {
  const method = presetNamed(name).settings.method?.name;
  return method === undefined ? {} : { method };
}

/**
 * Settings of a preset for a method: the preset's encoder, sizes and batch, its crops cut down to
 * those that the method takes, then the method's own recipe, then what a person gave. A paper's
 * complete recipe stays as it is.
 *
 * Filters from patches read colors, so a front end that takes them away starts with random ones.
 *
 * @throws LikenessError `preset.method` when a paper's recipe is named together with another
 *   method.
 */
export function settingsFor(name: string, given: SettingsPatch): Settings {
  const { settings, isComplete } = presetNamed(name);
  const wanted = given.method?.name ?? settings.method?.name ?? defaultMethod;
  if (isComplete) {
    const own = settings.method!.name;
    if (own !== wanted) {
      throw new LikenessError(
        'preset.method',
        `preset: received "${name}", a recipe for ${own}; expected one for ${wanted}, or method ${own}`,
      );
    }
    return resolveSettings(mergeSettings(settings, given));
  }
  const method = methodNamed(wanted);
  const read = Object.entries(settings.method ?? {}).filter(
    ([key]) => key in method.settings.shape,
  );
  const merged = mergeSettings(
    { ...settings, method: { name: wanted, ...Object.fromEntries(read) } },
    { views: cropsFor(wanted, settings.views as Settings['views']) },
    method.recipe,
    given,
  );
  const { frontEnd = 'none' } = merged.encoder ?? {};
  const isRandom = frontEnd !== 'none' && given.encoder?.stemStart === undefined;
  return resolveSettings(
    isRandom ? mergeSettings(merged, { encoder: { stemStart: 'random' } }) : merged,
  );
}

/** Facts of the images that a preset is chosen by. */
export interface ImageFacts {
  count: number;
  /** Median of the images' shorter sides, in pixels. */
  medianShortSide: number;
  color: 'gray' | 'color';
}

/**
 * Preset for images of that size: below 64 px two crops, from 64 px multi-crop. The reason is for
 * people.
 */
export function choosePreset({ medianShortSide, color }: ImageFacts): {
  name: string;
  reason: string;
} {
  const size = `images of about ${Math.round(medianShortSide)} px`;
  if (medianShortSide >= 64) return { name: 'multicrop-64', reason: `${size}: multi-crop` };
  if (medianShortSide <= 30 && color === 'gray')
    return { name: 'tiny-28', reason: `gray ${size}: two crops` };
  return { name: 'small-32', reason: `${size}: two crops` };
}

/** Largest power of two that is at most n. */
function powerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(n, 1)));
}

const MIN_BATCH = 4;
const MIN_PROTOTYPES = 8;
const MIN_CLUSTERS = 2;

/**
 * Lowers the batch, and the prototypes, clusters and queue of the method, where there are too few
 * images for them, and gives a sentence for each change.
 *
 * Settings that a person gave stay; a given batch that exceeds the images is an error.
 *
 * @param given flat names
 */
export function fitToCount(
  settings: Settings,
  { count, given }: { count: number; given: ReadonlySet<string> },
): { settings: Settings; notes: string[] } {
  const notes: string[] = [];
  const batch = fitBatch(settings, { count, given });
  const own: Record<string, unknown> = { ...settings.method };
  const { fits } = methodNamed(settings.method.name);
  const lower = (name: string, most: (value: never) => unknown) => {
    if (!fits.includes(name) || given.has(name)) return;
    const before = own[name];
    const after = most(before as never);
    if (after === before) return;
    own[name] = after;
    notes.push(`${name} ${after} instead of ${before}: only ${plural(count, 'image')}`);
  };
  lower('prototypes', (prototypes: number) =>
    prototypes * IMAGES_PER_PROTOTYPE > count
      ? Math.max(MIN_PROTOTYPES, powerOfTwo(count / IMAGES_PER_PROTOTYPE))
      : prototypes,
  );
  lower('clusters', (clusters: number | number[]) => fitClusters(clusters, count));
  lower('queueLength', (length: number) =>
    length > count ? fitQueue(batch.data.batchSize, count) : length,
  );
  if (batch.data.batchSize < settings.data.batchSize) {
    notes.unshift(
      `batchSize ${batch.data.batchSize} instead of ${settings.data.batchSize}: only ${plural(count, 'image')}`,
    );
  }
  return { settings: { ...settings, ...batch, method: own as Settings['method'] }, notes };
}

function fitBatch(
  { data, optimizer }: Settings,
  { count, given }: { count: number; given: ReadonlySet<string> },
): Pick<Settings, 'data' | 'optimizer'> {
  if (given.has('batchSize')) {
    if (data.batchSize <= count) return { data, optimizer };
    throw new LikenessError(
      'settings.batchSize',
      `batchSize: received ${data.batchSize} for ${plural(count, 'image')}; expected at most ${count}. ` +
        'Leave it out to have one chosen.',
    );
  }
  if (data.batchSize * MIN_STEPS <= count) return { data, optimizer };
  const fitting = Math.max(MIN_BATCH, powerOfTwo(count / MIN_STEPS));
  const batchSize = Math.min(data.batchSize, fitting, count);
  // Adam's rate falls with the square root of the batch, the other optimizers' with the batch.
  const ratio = batchSize / data.batchSize;
  const learningRate =
    optimizer.learningRate * (optimizer.name === 'adam' ? Math.sqrt(ratio) : ratio);
  return {
    data: { ...data, batchSize },
    optimizer:
      given.has('learningRate') || ratio === 1 ? optimizer : { ...optimizer, learningRate },
  };
}

/** Whole batches of at most half of the images. @throws LikenessError where not even one fits */
function fitQueue(batchSize: number, count: number): number {
  const half = Math.floor(count / 2);
  if (batchSize <= half) return Math.floor(half / batchSize) * batchSize;
  throw new LikenessError(
    'settings.batchSize',
    `batchSize: received ${batchSize} for ${plural(count, 'image')}; expected at most ${half}, ` +
      'because the queue of negatives holds whole batches of at most half of the images. Use a ' +
      'smaller batch, or more images.',
  );
}

/** Fewer clusters, in the same proportions, so that a hierarchy stays one. */
function fitClusters(clusters: number | number[], count: number): number | number[] {
  const all = [clusters].flat();
  if (all.every((k) => k * IMAGES_PER_CLUSTER <= count)) return clusters;
  const ratio = Math.max(MIN_CLUSTERS, powerOfTwo(count / IMAGES_PER_CLUSTER)) / Math.max(...all);
  const lowered = all.map((k) => Math.max(MIN_CLUSTERS, Math.round(k * ratio)));
  return Array.isArray(clusters) ? lowered : lowered[0]!;
}
