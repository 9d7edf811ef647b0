/** The encoder that settings describe. */
import type { EncoderOptions } from '../nn/index.ts';
import type { Settings } from './settings.ts';

/** The settings of the encoder alone. */
export function encoderOptions({ encoder }: Pick<Settings, 'encoder'>) {
  const { architecture, width, stem, frontEnd, residualInit } = encoder;
  return { architecture, width, stem, frontEnd, residualInit } satisfies EncoderOptions;
}
