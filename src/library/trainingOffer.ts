/** Judgment on training a network on images, before it is begun. */
import { availableParallelism } from 'node:os';
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import { imageFacts, type OpenImages } from '../data/index.ts';
import {
  allMethods,
  allPresets,
  canBeHead,
  choosePreset,
  defaultHead,
  defaultMethod,
  headNames,
  type ImageFacts,
  settingsFor,
} from '../methods/index.ts';
import { reachOf, recipeReach, smallFolderNote } from '../train/index.ts';
import {
  chooseRoad,
  hasMeasuredSpeed,
  imagesPerSecond,
  RECIPE_EPOCHS,
  showMinutes,
} from './road.ts';

/** Reach of a training of some minutes. */
export interface OfferedTime {
  readonly minutes: number;
  /** Estimated passes over the images. */
  readonly epochs: number;
  /** Sentence on what these epochs cannot reach; empty where they are enough. */
  readonly shortage: string;
}

/** Method or recipe with a line on it. */
export interface TrainingChoice {
  readonly name: string;
  readonly about: string;
}

/** Choices that a training can be made of. */
export interface TrainingChoices {
  /** Methods that train a network, or train a pretrained model further. */
  readonly methods: readonly TrainingChoice[];
  /** Methods that train a head on the features of a pretrained model. */
  readonly heads: readonly TrainingChoice[];
  /** Method that is trained where none is named, without a pretrained model and on one. */
  readonly usual: string;
  readonly usualHead: string;
  /** Recipes; those with a method are complete and for it alone. */
  readonly presets: readonly (TrainingChoice & { readonly method?: string })[];
}

export interface TrainingOffer {
  readonly images: number;
  /** Method and recipe that are judged. */
  readonly method: string;
  readonly preset: string;
  /** Epochs of the recipe. */
  readonly epochs: number;
  /** False where the speed was not measured, so that epochs of times are not known. */
  readonly isEstimated: boolean;
  /** Sentences on training from scratch, with the numbers of `start` and `train`. */
  readonly sentences: readonly string[];
  readonly times: readonly OfferedTime[];
  /** Minutes that are suggested. */
  readonly suggested: number;
}

/** Ways without training, as a page names them. */
const pageWays = { features: '', pretrained: '' };
/** Minutes that are offered. */
const MINUTES = [5, 15, 30, 60, 120, 480];
/** Longest time that is suggested. */
const MAX_SUGGESTED = 30;

/** Measures the images that a training would learn from. */
export async function factsForTraining(
  { source }: Pick<OpenImages, 'source'>,
  reporter: Pick<Reporter, 'progress' | 'signal'>,
): Promise<ImageFacts> {
  return { ...(await imageFacts(source, reporter)), count: source.entries.length };
}

/** Lists the methods and recipes that exist, with a line on each. */
export function trainingChoices(): TrainingChoices {
  const about = ({ name, about }: TrainingChoice) => ({ name, about });
  const isHead = ({ name }: TrainingChoice) => headNames.includes(name);
  const methods = allMethods().filter((method) => !isHead(method));
  return {
    methods: methods.map(about),
    heads: [...allMethods().filter(isHead), ...methods.filter(({ name }) => canBeHead(name))].map(
      about,
    ),
    ...{ usual: defaultMethod, usualHead: defaultHead },
    presets: Object.entries(allPresets()).map(([name, { description, settings, isComplete }]) => ({
      ...{ name, about: description },
      ...(isComplete && { method: settings.method!.name! }),
    })),
  };
}

/** Part of a training that a person has chosen. */
export interface ChosenTraining {
  /** Default: that of the recipe, else that of `train`. */
  readonly method?: string | undefined;
  /** Default: by the size of the images. */
  readonly preset?: string | undefined;
}

/**
 * Judges training from scratch on images by the estimates of `start` and the sentences of `train`.
 *
 * The suggested time is the shortest in which the epochs are enough, at most 30 minutes.
 *
 * @throws LikenessError `method.unknown`, `preset.unknown`, `preset.method`, `settings.*`
 */
export function offerOf(facts: ImageFacts, { method, preset }: ChosenTraining = {}): TrainingOffer {
  return offerFor({
    ...{ images: facts.count, threads: availableParallelism(), method },
    preset: preset ?? choosePreset(facts).name,
  });
}

/** The offer for a number of images with a method and a preset on some threads. */
export function offerFor({
  images,
  preset,
  threads,
  method,
}: {
  images: number;
  preset: string;
  threads: number;
  method?: string | undefined;
}): TrainingOffer {
  const settings = settingsFor(preset, method === undefined ? {} : { method: { name: method } });
  const recipe = recipeReach(settings, { preset, images });
  const speed = imagesPerSecond(preset, threads);
  const times = MINUTES.map((minutes): OfferedTime => {
    const epochs = (60 * minutes * speed) / Math.max(1, images);
    const { sentence } = reachOf({ images, epochs, recipe }, 'planned').epochs;
    return { minutes, epochs, shortage: sentence };
  });
  const enough = times.find(({ shortage }) => shortage === '')?.minutes ?? MAX_SUGGESTED;
  const { recipeMinutes } = chooseRoad({ images, preset, threads, asked: 'train' });
  const whole =
    `The ${RECIPE_EPOCHS} epochs of a whole recipe take ${showMinutes(recipeMinutes)} on this ` +
    `machine for ${plural(images, 'image')}.`;
  const few = reachOf({ images, epochs: Number.POSITIVE_INFINITY, recipe }, 'planned').images;
  // Speeds were measured with the usual method.
  const isEstimated = hasMeasuredSpeed(preset) && settings.method.name === defaultMethod;
  const sentences = [
    isEstimated ? whole : '',
    few.sentence,
    smallFolderNote(images, pageWays) ?? '',
  ].filter(Boolean);
  return {
    ...{ images, method: settings.method.name, preset, times },
    ...{ epochs: settings.schedule.epochs, isEstimated },
    sentences: sentences.map((text) => (text.endsWith('.') ? text : `${text}.`)),
    suggested: Math.min(MAX_SUGGESTED, enough),
  };
}
