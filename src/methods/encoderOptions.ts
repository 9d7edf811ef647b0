/** The encoder that settings describe. */
import type { EncoderOptions } from '../nn/index.ts';
import type { Settings } from './settings.ts';

/** The settings of the encoder alone. */
export function encoderOptions({
  architecture,
  width,
  stem,
  frontEnd,
}: Pick<Settings, 'architecture' | 'width' | 'stem' | 'frontEnd'>) {
  return { architecture, width, stem, frontEnd } satisfies EncoderOptions;
}
