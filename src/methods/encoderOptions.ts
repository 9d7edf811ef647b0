/** The encoder that settings describe. */
import { LikenessError } from '../core/errors.ts';
import type { EncoderOptions } from '../nn/index.ts';
import type { Settings } from './settings.ts';

/** The settings of the encoder alone. */
export function encoderOptions({ encoder }: Pick<Settings, 'encoder'>) {
  const { architecture, width, stem, frontEnd, residualInit, stemStart } = encoder;
  const stemFilters = stemStart === 'patches-frozen' ? 'frozen' : 'trained';
  return {
    architecture,
    width,
    stem,
    frontEnd,
    residualInit,
    stemFilters,
  } satisfies EncoderOptions;
}

/**
 * Refuses first filters from patches where the first convolution does not read pixels.
 *
 * @throws LikenessError `settings.invalid`
 */
export function checkStem({ encoder: { stemStart, frontEnd } }: Pick<Settings, 'encoder'>): void {
  if (stemStart === 'random' || frontEnd === 'none') return;
  throw new LikenessError(
    'settings.invalid',
    `stemStart: received "${stemStart}" with frontEnd "${frontEnd}"; expected "random", because ` +
      'filters from patches read colors. Leave one of the two out.',
  );
}
