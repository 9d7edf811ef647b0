/** Judgment on training a network on images, before it is begun. */
import { availableParallelism } from 'node:os';
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import { imageFacts, type OpenImages } from '../data/index.ts';
import { choosePreset, settingsFor } from '../methods/index.ts';
import { reachOf, recipeReach, smallFolderNote } from '../train/index.ts';
import { chooseRoad, imagesPerSecond, RECIPE_EPOCHS, showMinutes } from './road.ts';

/** Reach of a training of some minutes. */
export interface OfferedTime {
  readonly minutes: number;
  /** Estimated passes over the images. */
  readonly epochs: number;
  /** Sentence on what these epochs cannot reach; empty where they are enough. */
  readonly shortage: string;
}

export interface TrainingOffer {
  readonly images: number;
  readonly method: string;
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

/**
 * Judges training from scratch on images by the estimates of `start` and the sentences of `train`.
 *
 * The suggested time is the shortest in which the epochs are enough, at most 30 minutes.
 */
export async function trainingOffer(
  { source }: Pick<OpenImages, 'source'>,
  reporter: Pick<Reporter, 'progress' | 'signal'>,
): Promise<TrainingOffer> {
  const images = source.entries.length;
  const preset = choosePreset({ ...(await imageFacts(source, reporter)), count: images }).name;
  return offerFor({ images, preset, threads: availableParallelism() });
}

/** The offer for a number of images with a preset on some threads. */
export function offerFor({
  images,
  preset,
  threads,
}: {
  images: number;
  preset: string;
  threads: number;
}): TrainingOffer {
  const settings = settingsFor(preset, {});
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
  const sentences = [whole, few.sentence, smallFolderNote(images, pageWays) ?? ''].filter(Boolean);
  return {
    ...{ images, method: settings.method.name, times },
    sentences: sentences.map((text) => (text.endsWith('.') ? text : `${text}.`)),
    suggested: Math.min(MAX_SUGGESTED, enough),
  };
}
