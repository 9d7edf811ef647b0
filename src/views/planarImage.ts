/**
 * The two pixel layouts of this folder, and the scratch memory that the pixel functions share.
 *
 * Sources come as interleaved rows (`RGBRGB…`, as decoders write them); views are made in planes
 * (all red, all green, all blue), which is what a network reads.
 */

/** An image as decoders give it: uint8, rows of interleaved RGB, `pixels.length = 3 · width · height`. */
export interface InterleavedImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** An image as networks read it: uint8 `[3, height, width]`, `data.length = 3 · width · height`. */
export interface PlanarImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle of whole pixels inside an image. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Interleaved RGB to planes: `[height, width, 3]` to `[3, height, width]`. */
export function toPlanes(image: InterleavedImage): PlanarImage {
  const { width, height, pixels } = image;
  const plane = width * height;
  const data = new Uint8Array(3 * plane);
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    data[i] = pixels[at]!;
    data[plane + i] = pixels[at + 1]!;
    data[2 * plane + i] = pixels[at + 2]!;
  }
  return { width, height, data };
}

/** Planes to interleaved RGB: `[3, height, width]` to `[height, width, 3]`. */
export function toInterleaved(image: PlanarImage): InterleavedImage {
  const { width, height, data } = image;
  const plane = width * height;
  const pixels = new Uint8Array(3 * plane);
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    pixels[at] = data[i]!;
    pixels[at + 1] = data[plane + i]!;
    pixels[at + 2] = data[2 * plane + i]!;
  }
  return { width, height, pixels };
}

/** Memory that one pixel function re-uses from call to call on its thread; contents are never meant to survive a call. */
export type Scratch<T> = (length: number) => T;

/** A scratch buffer that grows to the longest length asked for; `create` makes one of a given length. */
export function scratch<T extends { readonly length: number }>(create: (length: number) => T): Scratch<T> {
  let held = create(0);
  return (length) => {
    if (held.length < length) held = create(length);
    return held;
  };
}
