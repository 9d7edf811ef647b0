/** The encoder that settings describe. */
import { LikenessError } from '../core/errors.ts';
import { type EncoderOptions, IMPORTED, PRETRAINED } from '../nn/index.ts';
import type { Settings } from './settings.ts';

/** The settings of the encoder alone. */
export function encoderOptions({ encoder }: Pick<Settings, 'encoder'>) {
  const { architecture, dimension, width, stem, frontEnd, residualInit, stemStart } = encoder;
  const { model, layerDecay, frozenLayers, layerWidths } = encoder;
  const stemFilters = stemStart === 'patches-frozen' ? 'frozen' : 'trained';
  return {
    architecture,
    ...(dimension !== undefined && { dimension }),
    ...(layerWidths !== undefined && { layerWidths }),
    ...(model !== undefined && { model, layerDecay, frozenLayers }),
    width,
    stem,
    frontEnd,
    residualInit,
    stemFilters,
  } satisfies EncoderOptions;
}

/**
 * Refuses first filters from patches where the first convolution does not read pixels, and settings
 * of a network where there is none.
 *
 * @throws LikenessError `settings.invalid`
 */
export function checkStem({ encoder }: Pick<Settings, 'encoder'>): void {
  const { architecture, stemStart, frontEnd } = encoder;
  if (architecture === PRETRAINED || architecture === IMPORTED) {
    const [wrong] = Object.entries({ stemStart, frontEnd }).filter(
      ([, value]) => value !== 'random' && value !== 'none',
    );
    if (!wrong) return;
    throw new LikenessError(
      'settings.invalid',
      `${wrong[0]}: received "${wrong[1]}" with architecture "${architecture}"; expected none, ` +
        'because a model has layers of its own. Leave it out.',
    );
  }
  if (architecture === 'mlp' && stemStart !== 'random') {
    throw new LikenessError(
      'settings.invalid',
      `stemStart: received "${stemStart}" with architecture "mlp"; expected "random", because it ` +
        'has no convolution. Leave it out.',
    );
  }
  if (stemStart === 'random' || frontEnd === 'none') return;
  throw new LikenessError(
    'settings.invalid',
    `stemStart: received "${stemStart}" with frontEnd "${frontEnd}"; expected "random", because ` +
      'filters from patches read colors. Leave one of the two out.',
  );
}
