/** A source whose images of more than 8 bits per sample have a range. */
import type { Source, ValueRange } from './types.ts';

/** Gives images of more than 8 bits the values that become black and white. */
export function withRange(source: Source, range: ValueRange): Source {
  return {
    ...source,
    choices: { ...source.choices, range },
    fingerprint: async (options) =>
      `${await source.fingerprint(options)}\nrange ${range.join(' ')}`,
    async read(index) {
      const image = await source.read(index);
      return image.kind === 'encoded' ? { ...image, range } : image;
    },
  };
}
