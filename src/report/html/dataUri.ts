/** Pictures inside a page. */
import { LikenessError } from '../../core/errors.ts';

/**
 * Builds a `data:` URI of an encoded picture.
 *
 * @throws LikenessError `report.thumbnail` for another format.
 */
export function dataUri(picture: Uint8Array): string {
  return `data:${typeOf(picture)};base64,${Buffer.from(picture).toString('base64')}`;
}

function typeOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return 'image/png';
  if (bytes[0] === 0x52 && bytes[8] === 0x57) return 'image/webp';
  throw new LikenessError(
    'report.thumbnail',
    'A thumbnail is neither JPEG, PNG nor WebP; encode it as one of these.',
  );
}
