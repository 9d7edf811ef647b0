/** The setting `clusters`, as numbers. */
import { LikenessError } from '../core/errors.ts';
import { filled, type Variables } from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Settings } from './settings.ts';

/**
 * "250,500,1000" to its numbers, for so many images.
 *
 * The authors' code of the methods that cluster between epochs stops in the middle of a run, or not at all, where there
 * are fewer images than clusters; here the run does not begin.
 *
 * @throws LikenessError `settings.clusters` for what is no list of whole numbers from 2 to the number of images.
 */
export function clusterCounts({ clusters: text }: Pick<Settings, 'clusters'>, images: number): number[] {
  const counts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const wrong = counts.find((k) => !Number.isInteger(k) || k < 2 || k > images);
  if (wrong === undefined) return counts;
  const expected = `whole numbers from 2 to ${images}, the number of images, joined by commas, such as "${Math.max(2, Math.floor(images / 16))}"`;
  throw new LikenessError('settings.clusters', `clusters: received "${text}"; expected ${expected}`);
}

/** Prototypes [K, D] of the first count, zeros until the first clustering replaces them. */
export function storedPrototypes(
  variables: Variables,
  name: string,
  settings: Pick<Settings, 'clusters' | 'embeddingLength'>,
): Tensor {
  // The run was refused at its start if it had more clusters than images; another source may have fewer images.
  const [K] = clusterCounts(settings, Number.POSITIVE_INFINITY);
  return variables.buffer(name, [K!, settings.embeddingLength], filled(0)); // [K, D]
}
