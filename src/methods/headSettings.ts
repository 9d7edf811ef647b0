/** Settings of a head on the features of a pretrained model: steps are counted, not epochs. */
import type { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { PRETRAINED } from '../nn/index.ts';
import type { Method } from './defineMethod.ts';
import { requireOwnNetwork } from './ownNetwork.ts';
import { fitToCount } from './presets.ts';
import { allMethods, methodNamed } from './registry.ts';
import { resolveSettings } from './resolve.ts';
import { methodHead, methodProgram } from './runProgram.ts';
import { mergeSettings, type Settings, type SettingsPatch } from './settings.ts';
import { flatSettings } from './text.ts';
import { cropsFor } from './views.ts';

/** Method of a head where none is named: the best on sixteen sets (docs/methods/ensemble.md). */
export const defaultHead = 'ensemble';

/** Steps that a head is trained for where neither its method nor a person says otherwise. */
const STEPS = 600;

/** Recipe of heads; that of a method and what a person gave come before it. */
const recipe = {
  data: { batchSize: 256 },
  views: { scales: [[0.25, 1]], storedViews: 4 },
  optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 1e-6 },
  schedule: { maxSteps: STEPS },
  method: { hiddenDim: 512 },
} satisfies SettingsPatch & { method: object };

/** Facts of the images and the model that a head is made for. */
export interface HeadFacts {
  /** Dimension D of the model's features. */
  dimension: number;
  /** Side of the images that the model takes, in pixels. */
  size: number;
  /** N, the images that are trained on. */
  images: number;
  /** Number K of clusters. */
  k: number;
}

/**
 * Settings of a method's head for K clusters.
 *
 * The batch has at most N images, because a step on features costs little, or N/2 where the method
 * keeps a queue of other images. The schedule has the
 * epochs that the recipe's steps make up, and enough for the last stage of the method to begin,
 * unless a person gave epochs. K becomes the method's
 * `clusters`, or its `prototypes`.
 *
 * @param given settings of a person; those stay
 * @throws LikenessError `head.method` for a method without clusters of its own, `method.encoder`,
 *   `settings.*`
 */
export function headSettings(
  given: SettingsPatch,
  facts: HeadFacts,
): { settings: Settings; notes: string[] } {
  const method = methodNamed(given.method?.name ?? defaultHead);
  requireOwnNetwork(method, PRETRAINED);
  const { images, k } = facts;
  const wanted = wantedSettings(method, given, facts);
  requireClusters(wanted);
  const names = new Set(Object.keys(flatSettings(given)));
  const batchSize = names.has('batchSize')
    ? wanted.data.batchSize
    : Math.min(wanted.data.batchSize, largestBatch(method, images));
  const sized = { ...wanted, data: { ...wanted.data, batchSize } };
  const kept = new Set([...names, 'batchSize', ...Object.keys(clustersOf(method, k))]);
  const { settings, notes } = fitToCount(sized, { count: images, given: kept });
  return { settings: withEpochs(settings, { given, images }), notes };
}

/** Largest batch of N images: a queue of negatives holds whole batches of at most N/2. */
function largestBatch({ fits }: Method, images: number): number {
  return fits.includes('queueLength') ? Math.max(1, Math.floor(images / 2)) : images;
}

/** Tells if a method can be trained as a head, because its default settings learn clusters. */
export function canBeHead(name: string): boolean {
  const facts = { dimension: 2, size: 32, images: 2, k: 2 };
  const method = methodNamed(name);
  return method.input === 'any' && learnsClusters(wantedSettings(method, {}, facts));
}

/** Recipe of heads, the method's own and what a person gave, before they are fitted to N. */
function wantedSettings(
  method: Method,
  given: SettingsPatch,
  { dimension, size, k }: HeadFacts,
): Settings {
  const { encoder: _, ...own } = method.recipe;
  const crops = cropsFor(method.name, {
    crops: [{ count: 2, size }],
    scales: [[0.25, 1]],
  });
  const read = Object.entries(recipe.method).filter(([key]) => key in method.settings.shape);
  return resolveSettings(
    mergeSettings(
      { ...recipe, method: { name: method.name, ...Object.fromEntries(read) } } as SettingsPatch,
      own,
      { method: clustersOf(method, k) },
      given,
      { data: { imageSize: size }, views: sizedCrops(crops, given, size) },
      { encoder: { architecture: PRETRAINED, dimension, frontEnd: 'none', stemStart: 'random' } },
    ),
  );
}

/** The crops of a person, else those of the method, all of the size that the model takes. */
function sizedCrops(
  { crops, scales }: Pick<Settings['views'], 'crops' | 'scales'>,
  { views: given }: SettingsPatch,
  size: number,
): Partial<Settings['views']> {
  const counts = (given?.crops as typeof crops | undefined) ?? crops;
  const other = given?.crops && counts.find((crop) => crop.size !== size);
  if (other) {
    throw new LikenessError(
      'settings.invalid',
      `crops: received crops of ${other.size} px; expected ${size} px, which the model takes`,
    );
  }
  return { crops: counts, scales: (given?.scales as typeof scales | undefined) ?? scales };
}

/** The number of clusters as settings of the method; none where it has no such setting. */
function clustersOf({ settings: { shape } }: Method, k: number): Record<string, unknown> {
  const name = ['clusters', 'prototypes'].find((key) => key in shape);
  if (name === undefined) return {};
  const takesOne = (shape[name] as z.ZodType).safeParse(k).success;
  return { [name]: takesOne ? k : [k] };
}

/** Tells if the head of these settings gives clusters. */
function learnsClusters(settings: Settings): boolean {
  return methodHead(settings).assign !== undefined;
}

function requireClusters(settings: Settings): void {
  if (learnsClusters(settings)) return;
  const { name } = settings.method;
  const others = allMethods()
    .filter((method) => method.input === 'any' && method.name !== name)
    .filter((method) => Object.keys(clustersOf(method, 2)).length > 0)
    .map((method) => method.name)
    .filter((other) => other !== 'deepcluster');
  throw new LikenessError(
    'head.method',
    `method: received "${name}", whose head learns no clusters with these settings; expected one ` +
      `that does, such as ${others.join(', ')}. A pretrained model itself is not trained.`,
  );
}

/** The schedule in epochs, which the recipe's steps make up. */
function withEpochs(
  settings: Settings,
  { given, images }: { given: SettingsPatch; images: number },
): Settings {
  const { maxSteps = STEPS, ...schedule } = settings.schedule;
  if (given.schedule?.epochs !== undefined || given.schedule?.maxSteps !== undefined) {
    return given.schedule.maxSteps === undefined
      ? { ...settings, schedule }
      : {
          ...settings,
          schedule: { ...settings.schedule, epochs: epochsOf(settings, maxSteps, images) },
        };
  }
  const epochs = epochsOf(settings, maxSteps, images);
  const timed = { ...settings, schedule: { ...schedule, epochs } };
  const last = methodProgram(timed, { images }).steps.at(-1)!.firstEpoch;
  return last < epochs ? timed : { ...timed, schedule: { ...schedule, epochs: last + 1 } };
}

function epochsOf({ data }: Settings, steps: number, images: number): number {
  const perEpoch = Math.floor(images / data.batchSize);
  if (perEpoch >= 1) return Math.ceil(steps / perEpoch);
  throw new LikenessError(
    'settings.batchSize',
    `batchSize: received ${data.batchSize} for ${plural(images, 'image')}; expected at most ` +
      `${images}. Leave it out to have one chosen.`,
  );
}
