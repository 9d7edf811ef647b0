/** Order of the images in a group of duplicates, the image to keep first. */

/** Rules by which the image to keep is chosen. */
export const keepRules = ['best', 'sharpest', 'oldest', 'newest', 'largest', 'first'] as const;

/**
 * `best`: most pixels, then sharpest, then oldest, then in the fewest folders, then the largest
 * file. `sharpest` (most detail), `oldest`, `newest` and `largest` (file): that, then as `best`.
 * `first`: first in the order of the source. A date is that of the camera, else of the last change
 * of the file.
 */
export type KeepRule = (typeof keepRules)[number];

/** Facts by which images of a group are compared. */
export interface ImageFacts {
  /** Path relative to the source, or index in a packed file. */
  readonly id: string;
  /** Position in the source. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Variance of the Laplacian of the gray values, at most 1,024 pixels a side. */
  readonly sharpness: number;
  /** Last change of the file in milliseconds since 1970; absent for a record of a packed file. */
  readonly modified?: number;
  /** Time of the camera in milliseconds since 1970; absent without one. */
  readonly taken?: number;
  /** Size of the file, or of the pixels of a record. */
  readonly bytes: number;
}

/** Ratio of sharpness up to which images are equally sharp, since compression adds edges. */
const SHARPNESS_STEP = 1.25;

/**
 * Sorts images by a rule, the one to keep first. Equal ones stay in the order of the source.
 *
 * @param prefer folder, relative to the source, whose images come before all others
 */
export function byKeepRule<F extends ImageFacts>(
  images: readonly F[],
  rule: KeepRule,
  { prefer }: { prefer?: string | undefined } = {},
): F[] {
  const compare = {
    best: compareBest,
    sharpest: (a: F, b: F) => stepOf(detailOf(b)) - stepOf(detailOf(a)) || compareBest(a, b),
    oldest: (a: F, b: F) => dateOf(a) - dateOf(b) || compareBest(a, b),
    first: () => 0,
    largest: (a: F, b: F) => b.bytes - a.bytes || compareBest(a, b),
    newest: (a: F, b: F) => dateOf(b) - dateOf(a) || compareBest(a, b),
  }[rule];
  const isOutside = ({ id }: F) => (prefer === undefined || isBelow(id, prefer) ? 0 : 1);
  return images.toSorted(
    (a, b) => isOutside(a) - isOutside(b) || compare(a, b) || a.index - b.index,
  );
}

/** Returns true for an image in a folder or in a folder below it. */
export function isBelow(id: string, folder: string): boolean {
  return id.startsWith(`${folder}/`);
}

function compareBest(a: ImageFacts, b: ImageFacts): number {
  return (
    b.width * b.height - a.width * a.height ||
    sharpnessStep(b) - sharpnessStep(a) ||
    dateOf(a) - dateOf(b) ||
    a.id.split('/').length - b.id.split('/').length ||
    b.bytes - a.bytes
  );
}

/** Time of the camera, else of the last change of the file. */
const dateOf = ({ taken, modified = 0 }: ImageFacts) => taken ?? modified;

const sharpnessStep = ({ sharpness }: ImageFacts) => stepOf(sharpness);

/** Rounds a sharpness or detail to steps of 25 %. */
const stepOf = (value: number) => Math.round(Math.log(1 + value) / Math.log(SHARPNESS_STEP));

/** Shorter side above which images are shrunk before their sharpness is measured, in pixels. */
export const MEASURED_SIDE = 1024;

/**
 * Detail of images of any size: the sharpness, which is a mean over pixels, times the number of
 * pixels that were measured. A shrunk copy is sharper per pixel than its original and has less
 * detail, and an enlarged copy has no more than before.
 */
export function detailOf({
  width,
  height,
  sharpness,
}: Pick<ImageFacts, 'width' | 'height' | 'sharpness'>): number {
  const scale = Math.min(1, MEASURED_SIDE / Math.min(width, height));
  return sharpness * width * height * scale * scale;
}

/** Variance of the Laplacian of the gray values of an RGB image; 0 below 3 x 3 pixels. */
export function sharpnessOf({
  width,
  height,
  pixels,
}: {
  width: number;
  height: number;
  pixels: Uint8Array;
}): number {
  const gray = new Float32Array(width * height);
  for (let i = 0; i < gray.length; i++) {
    gray[i] = 0.299 * pixels[3 * i]! + 0.587 * pixels[3 * i + 1]! + 0.114 * pixels[3 * i + 2]!;
  }
  let [n, sum, squares] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const value =
        gray[i - 1]! + gray[i + 1]! + gray[i - width]! + gray[i + width]! - 4 * gray[i]!;
      n++;
      sum += value;
      squares += value * value;
    }
  }
  return n === 0 ? 0 : Math.max(squares / n - (sum / n) ** 2, 0);
}
