/** Rows on a pretrained model: settings of its heads, and of methods that train it further. */
import { LikenessError } from '../core/errors.ts';
import { clusterRange, plural } from '../core/text.ts';
import type { ModelFile } from '../encoders/index.ts';
import {
  type FlatSettings,
  headSettings,
  type Settings,
  type SettingsPatch,
  sharedGroups,
} from '../methods/index.ts';
import { settingsOfModel } from '../train/index.ts';
import type { Training } from './comparison.ts';

/** Settings of the encoder that a model which is trained further has, too. */
const OF_MODELS = ['layerDecay', 'frozenLayers'];
/** Settings of images and views that the model decides. */
const OF_INPUT = ['mean', 'std'];
/** Further ones for heads, whose model takes images of one size. */
const OF_SIZE = ['imageSize', 'crops'];

/** Settings of a point that a row reads. A pretrained model has its own network and input. */
export function modelPoint(training: Training, point: FlatSettings): FlatSettings {
  const isRead = (name: string) => {
    if (OF_MODELS.includes(name)) return training === 'fine-tuning';
    if (training === 'scratch') return true;
    if (name in sharedGroups.encoder.shape) return false;
    return !OF_INPUT.includes(name) && !(training === 'head' && OF_SIZE.includes(name));
  };
  return Object.fromEntries(Object.entries(point).filter(([name]) => isRead(name)));
}

/** Settings of a row on a model. @throws LikenessError `settings.*`, `head.method` */
export function modelSettingsOf(
  training: Exclude<Training, 'scratch'>,
  model: ModelFile,
  { patch, images, k }: { patch: SettingsPatch; images: number; k: number },
): Settings {
  if (training === 'fine-tuning') return settingsOfModel(model, patch);
  const { dimension, input } = model.settings;
  return headSettings(patch, { dimension, size: input.size, images, k }).settings;
}

/**
 * Refuses a number of clusters that no rows can have.
 *
 * @throws LikenessError `cluster.k`
 */
export function checkK(k: number | undefined, images: number): void {
  if (k === undefined || (k >= 2 && k <= images)) return;
  throw new LikenessError(
    'cluster.k',
    `k: received ${k} for ${plural(images, 'image')}; expected ${clusterRange(images)}`,
  );
}
