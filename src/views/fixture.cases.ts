/** Reads stored results of torchvision and Pillow for given parameters. */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { type InterleavedImage, type PlanarImage, toInterleaved, toPlanes } from './planarImage.ts';
import type { ResizeKernel } from './resize.ts';

interface Stored {
  readonly width: number;
  readonly height: number;
  readonly pixels: string;
}
type ImageName = 'small' | 'large' | 'color';
type Property = 'brightness' | 'contrast' | 'saturation' | 'hue';

interface Fixture {
  readonly images: Record<ImageName, Stored>;
  readonly resize: {
    image: ImageName;
    box: [number, number, number, number];
    size: number;
    result: Stored;
  }[];
  readonly evaluation: { image: ImageName; resize: number; size: number; result: Stored }[];
  readonly adjust: { op: Property; by: number; result: Stored }[];
  readonly lattices: { op: Property | 'grayscale'; by: number; sha256: string }[];
  readonly flip: Stored;
  readonly grayscale: Stored;
  readonly solarize: { threshold: number; result: Stored }[];
  readonly boxBlur: { image: ImageName; sigma: number; result: Stored }[];
  readonly gaussianBlur: { image: ImageName; sigma: number; result: Stored }[];
  readonly crops: {
    width: number;
    height: number;
    scale: [number, number];
    ratio: [number, number];
    state: number;
    box: [number, number, number, number];
  }[];
  readonly view: { colored: Stored; blurred: Stored; finished: Stored };
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url), 'utf8'));

export const fixture = read('views.json') as Fixture;

/** Results of Pillow's kernels on the same images. */
export const { resize: kernelFixture } = read('resize.json') as {
  resize: { image: ImageName; kernel: ResizeKernel; result: Stored }[];
};

/** Unpacks a stored image. */
export function unpack(stored: Stored): InterleavedImage {
  return {
    width: stored.width,
    height: stored.height,
    pixels: new Uint8Array(inflateSync(Buffer.from(stored.pixels, 'base64'))),
  };
}

/** Copies one of the fixture's input images into planes. */
export function planesOf(name: ImageName): PlanarImage {
  return toPlanes(unpack(fixture.images[name]));
}

/** Computes the largest absolute difference from a stored image; infinite where sizes differ. */
export function largestDifference(computed: PlanarImage, stored: Stored): number {
  if (computed.width !== stored.width || computed.height !== stored.height)
    return Number.POSITIVE_INFINITY;
  const ours = toInterleaved(computed).pixels;
  const theirs = unpack(stored).pixels;
  return ours.reduce((largest, value, i) => Math.max(largest, Math.abs(value - theirs[i]!)), 0);
}

/** Creates a black image in planes. */
export function blank(width: number, height = width): PlanarImage {
  return { width, height, data: new Uint8Array(3 * width * height) };
}
