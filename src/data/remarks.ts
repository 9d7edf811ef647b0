/** Facts about images that are used: repaired, the first of several pictures, of one value. */
import { hash } from 'node:crypto';
import { plural, showCount } from '../core/text.ts';
import type { DecodedImage, Pixels, Remark, RemarkKind } from './types.ts';

/** Kinds of remarks about an image. */
export function remarksOf(image: DecodedImage): RemarkKind[] {
  const kinds: RemarkKind[] = [];
  if (image.isRepaired) kinds.push('repaired');
  if (image.isFirstOnly) kinds.push('firstOnly');
  else if ((image.pictures ?? 1) > 1) kinds.push('several');
  if (image.isDim) kinds.push('dim');
  if (isFlat(image.pixels)) kinds.push('flat');
  return kinds;
}

/** Tells if all bytes are equal, as those of a black picture. Ends at the first that differs. */
function isFlat(pixels: Uint8Array): boolean {
  const first = pixels[0];
  return pixels.every((value) => value === first);
}

/** Hash of size and pixels from 64 bits of SHA-1. Equal pictures have equal hashes. */
export function contentHash({ width, height, pixels }: Pixels): bigint {
  // Hashing in a single call takes a fifth less time than updating an object.
  const size = BigInt(width * 2 ** 16 + height);
  return hash('sha1', pixels, 'buffer').readBigUInt64LE(0) ^ size;
}

/** Fraction of flat pictures above which they are pointed out, and their fewest number. */
const MANY_FLAT = 0.02;
const MIN_FLAT = 3;

/** Sentence about each remark that people should know, for `count` images. */
export function remarkTexts(remarks: readonly Remark[], count: number): string[] {
  return remarks.flatMap(({ kind, count: n, examples }) => {
    const such = `, such as ${examples[0]}`;
    if (kind === 'repaired') {
      return `repaired ${plural(n, 'image')} with faults in the file that lose nothing${such}`;
    }
    if (kind === 'several') {
      const has = n === 1 ? 'file has' : 'files have';
      return (
        `${showCount(n)} ${has} several pictures, of which the first is used${such}. ` +
        "Others are named as in scan.tif#2, and `pages: 'all'` takes all of them"
      );
    }
    if (kind === 'firstOnly') {
      const files = plural(n, 'animated PNG or AVIF file');
      return `of ${files} only the first picture can be read, and is used${such}`;
    }
    if (kind === 'dim') {
      return (
        `${plural(n, '16-bit image')} are dark, with values up to 16,383 of 65,535${such}. Give ` +
        'the `range` of values if they are of a sensor with fewer bits'
      );
    }
    if (n < MIN_FLAT || n < count * MANY_FLAT) return [];
    return (
      `${showCount(n)} of ${plural(count, 'image')} are of a single value, as black${such}. They ` +
      'look empty, or were cut off by a conversion. Check them'
    );
  });
}
