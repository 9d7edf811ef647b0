/** Settings of a run that trains a pretrained model further. */
import { LikenessError } from '../core/errors.ts';
import { IMPORTED } from '../nn/index.ts';
import type { Normalization } from './inference.ts';
import { requireOwnNetwork } from './ownNetwork.ts';
import { defaultMethod, methodNamed } from './registry.ts';
import { resolveSettings } from './resolve.ts';
import { mergeSettings, type Settings, type SettingsPatch } from './settings.ts';
import { cropsFor } from './views.ts';

/** Facts of a model that is trained further. */
export interface FineTuneFacts {
  /** SHA-256 of the model's file. */
  model: string;
  /** Dimension D of its features. */
  dimension: number;
  /** Side of the images that it takes, in pixels. */
  size: number;
  /** Mean and deviation of the colors that it takes. */
  normalize: Normalization;
}

/**
 * Small steps from where the model is: a hundredth of the usual rate, and in its first layers
 * a tenth of that, because they fit all images.
 */
const recipe = {
  data: { batchSize: 32 },
  optimizer: { name: 'adam', learningRate: 1e-5, weightDecay: 1e-6 },
  schedule: { epochs: 10, warmupEpochs: 1 },
  encoder: { layerDecay: 0.1, frozenLayers: 0 },
  method: { hiddenDim: 512, prototypes: 512 },
} as const;

/**
 * Settings of a method on a pretrained model: the method's recipe with the model's input, small
 * learning rates, and what a person gave.
 *
 * @throws LikenessError `settings.invalid` for settings of networks that are not imported,
 *   `method.encoder`
 */
export function fineTuneSettings(
  given: SettingsPatch,
  { model, dimension, size, normalize: { mean, std } }: FineTuneFacts,
): Settings {
  const method = methodNamed(given.method?.name ?? defaultMethod);
  requireOwnNetwork(method, IMPORTED);
  checkEncoder(given);
  const side = (given.views?.crops as { size: number }[] | undefined)?.[0]?.size ?? size;
  const imageSize = given.data?.imageSize ?? side;
  const crops = cropsFor(method.name, { crops: [{ count: 2, size: side }], scales: [[0.2, 1]] });
  const { method: own, ...shared } = recipe;
  const read = Object.entries(own).filter(([key]) => key in method.settings.shape);
  const { encoder: _, ...ofMethod } = method.recipe;
  return resolveSettings(
    mergeSettings(
      { method: { name: method.name, ...Object.fromEntries(read) } },
      ofMethod,
      shared,
      { data: { mean: [...mean], std: [...std], imageSize }, views: crops },
      given,
      {
        encoder: { architecture: IMPORTED, dimension, model },
      },
    ),
  );
}

/** Settings of the encoder that a model has too. */
const TAKEN = ['layerDecay', 'frozenLayers'];

function checkEncoder({ encoder = {} }: SettingsPatch): void {
  const other = Object.keys(encoder).find((name) => !TAKEN.includes(name));
  if (other === undefined) return;
  throw new LikenessError(
    'settings.invalid',
    `${other}: received a setting of another network; expected ${TAKEN.join(' or ')}, because the ` +
      'model has layers of its own. Leave it out.',
  );
}
