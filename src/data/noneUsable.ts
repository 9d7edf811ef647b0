/** Builds the error for a source without a usable image. */
import { LikenessError } from '../core/errors.ts';
import { plural } from './reasons.ts';
import type { SkippedIndex } from './storeRange.ts';
import type { Source } from './types.ts';

export function noneUsable(source: Source, skipped: readonly SkippedIndex[]): LikenessError {
  const first = skipped
    .slice(0, 3)
    .map(({ index, reason }) => `${source.entries[index]!.id}: ${reason}`);
  const more = skipped.length > 3 ? `; and ${plural(skipped.length - 3, 'more')}` : '';
  return new LikenessError(
    'source.unusable',
    `source: none of the ${plural(source.entries.length, 'image')} in ${source.path} can be ` +
      `used (${first.join('; ')}${more.replace('mores', 'more')}). Expected at least one JPEG, ` +
      'PNG, WebP, GIF, TIFF, AVIF or BMP picture; check the files.',
  );
}
