/**
 * Pixel layouts of images and views, and the scratch buffers of the pixel functions.
 *
 * Decoders write interleaved rows (`RGBRGB…`). Networks read planes (all red, all green, all blue),
 * so views are rendered in planes.
 */

/** Decoded image: uint8 `[height, width, 3]`, `pixels.length = 3 · width · height`. */
export interface InterleavedImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Image in planes: uint8 `[3, height, width]`, `data.length = 3 · width · height`. */
export interface PlanarImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Rectangle inside an image, in whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Converts interleaved RGB `[height, width, 3]` to planes `[3, height, width]`. */
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

/** Converts planes `[3, height, width]` to interleaved RGB `[height, width, 3]`. */
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

/** Scratch buffer of one pixel function and thread. Its contents do not outlive a call. */
export type Scratch<T> = (length: number) => T;

/** Creates a scratch buffer that grows to the largest length requested. */
export function scratch<T extends { readonly length: number }>(
  create: (length: number) => T,
): Scratch<T> {
  let buffer = create(0);
  return (length) => {
    if (buffer.length < length) buffer = create(length);
    return buffer;
  };
}
