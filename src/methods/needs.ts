/** Images that a recipe needs: batches, prototypes, clusters and a queue with enough behind each. */
import { plural, showCount } from '../core/text.ts';
import { methodNamed } from './registry.ts';
import type { Settings } from './settings.ts';

/** Smallest number of batches per epoch: codes need several different batches to learn from. */
export const MIN_STEPS = 8;
/** Smallest number of images per prototype, each of which needs several images in an epoch. */
export const IMAGES_PER_PROTOTYPE = 8;
/** Smallest number of images per cluster of a clustering between epochs. */
export const IMAGES_PER_CLUSTER = 8;

/** Number of images that a part of the recipe needs. */
export interface Need {
  readonly images: number;
  /** Part of the recipe, such as "512 prototypes with 8 images each". */
  readonly part: string;
}

/** Largest need of a recipe: of its batch, prototypes, clusters or queue. */
export function needOf({ data, method }: Settings): Need {
  const { fits } = methodNamed(method.name);
  const own = (name: string) =>
    fits.includes(name) ? Math.max(...[method[name] as number].flat()) : 0;
  const needs = [
    {
      images: MIN_STEPS * data.batchSize,
      part: `${MIN_STEPS} batches of ${plural(data.batchSize, 'image')}`,
    },
    {
      images: IMAGES_PER_PROTOTYPE * own('prototypes'),
      part: `${showCount(own('prototypes'))} prototypes with ${IMAGES_PER_PROTOTYPE} images each`,
    },
    {
      images: IMAGES_PER_CLUSTER * own('clusters'),
      part: `${showCount(own('clusters'))} clusters with ${IMAGES_PER_CLUSTER} images each`,
    },
    { images: own('queueLength'), part: `a queue of ${showCount(own('queueLength'))} images` },
  ];
  return needs.reduce((most, need) => (need.images > most.images ? need : most));
}
