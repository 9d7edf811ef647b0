/**
 * Resizing with antialiasing, as Pillow's `Image.resize(size, kernel)` on 8-bit images.
 *
 * Each output pixel is a weighted mean of source pixels under a kernel that is stretched by `max(1,
 * scale)`, where `scale = input length / output length`. Enlarging interpolates, shrinking
 * averages. Rows come first, then columns. Both passes use weights of 22 fractional bits and round
 * to 8 bits, so all bytes equal Pillow's.
 *
 * Reference: Pillow 9.4, `Image.resize`, whose results are stored in `test/fixtures/views.json` and
 * `test/fixtures/resize.json`.
 */
import { type Box, type InterleavedImage, type PlanarImage, scratch } from './planarImage.ts';

/**
 * Bits after the binary point of a weight: 32 minus 8 for the pixel minus 2 for sign and overflow.
 */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/** Kernels of resizing by name. Views of training are bilinear. */
export const resizeKernels = ['bilinear', 'bicubic', 'lanczos'] as const;
export type ResizeKernel = (typeof resizeKernels)[number];

/** Weight at distance x, in output pixels where the image shrinks and in source pixels else. */
interface Kernel {
  /** Distance from which the weight is 0. */
  readonly support: number;
  at(x: number): number;
}

const kernels: Readonly<Record<ResizeKernel, Kernel>> = {
  bilinear: { support: 1, at: (x) => Math.max(1 - Math.abs(x), 0) },
  bicubic: { support: 2, at: cubicAt },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Slope of the cubic kernel at distance 1, as in Pillow. */
const CUBIC = -0.5;

/** Cubic convolution. Source: Keys 1981, "Cubic convolution interpolation", equation 4. */
function cubicAt(value: number): number {
  const x = Math.abs(value);
  if (x < 1) return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * CUBIC;
  return 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Filter taps by output pixel: first source pixel, number of source pixels, and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[output length, stride]`, zero after `count`. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Computes the filter that resamples `from` samples to `to` samples. */
function tapsOf(kernel: ResizeKernel, from: number, to: number): Taps {
  const { support: own, at } = kernels[kernel];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = own * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const raw = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), from) - low;
    let total = 0;
    for (let t = 0; t < taps; t++) {
      raw[t] = at((t + low - center + 0.5) * (1 / stretch));
      total += raw[t]!;
    }
    // Weights of one output pixel sum to 1, so that a flat area keeps its value.
    for (let t = 0; t < taps; t++) {
      const weight = (raw[t]! / total) * (1 << FRACTION_BITS);
      weights[i * stride + t] = Math.trunc(weight + (weight < 0 ? -0.5 : 0.5));
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, stride };
}

/** Caches of filters by input and output length; the crops of a data set share few lengths. */
const known = new Map(resizeKernels.map((kernel) => [kernel, new Map<number, Taps>()]));
const KNOWN_LIMIT = 2048;

function tapsFor(kernel: ResizeKernel, from: number, to: number): Taps {
  const cache = known.get(kernel)!;
  const key = from * 0x100000 + to;
  let taps = cache.get(key);
  if (taps === undefined) {
    if (cache.size >= KNOWN_LIMIT) cache.clear();
    taps = tapsOf(kernel, from, to);
    cache.set(key, taps);
  }
  return taps;
}

/** Bytes, which wrap around or are clamped when they are written. */
type Bytes = Uint8Array | Uint8ClampedArray;

const rowsScratch = scratch((length) => new Uint8Array(length));

export interface ResizeOptions {
  /** Box of the source to resize; pixels outside it have no effect. Default: all of it. */
  box?: Box;
  /** Size that `box` is scaled to, in pixels. Default: the target's size. */
  scaledWidth?: number;
  scaledHeight?: number;
  /** Corner of the target in the scaled image, in pixels. Default 0, 0. */
  left?: number;
  top?: number;
  /** Default: `bilinear`. */
  kernel?: ResizeKernel;
}

/**
 * Resizes a box of `source` and writes a window of the result into `target`, as planes.
 *
 * By default the whole source fills the whole target. A smaller window costs less and has the same
 * values.
 */
export function resizeInto(
  source: InterleavedImage,
  target: PlanarImage,
  options: ResizeOptions = {},
): void {
  const {
    box = { left: 0, top: 0, width: source.width, height: source.height },
    scaledWidth = target.width,
    scaledHeight = target.height,
    left = 0,
    top = 0,
    kernel = 'bilinear',
  } = options;
  const { width, height, data } = target;
  const vertical = tapsFor(kernel, box.height, scaledHeight);
  const firstRow = vertical.first[top]!;
  const rows = vertical.first[top + height - 1]! + vertical.count[top + height - 1]! - firstRow;
  // Kernels with negative weights leave the range of bytes, at which Pillow clamps after each pass.
  const written = (bytes: Uint8Array): Bytes =>
    kernel === 'bilinear'
      ? bytes
      : new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const narrow = rowsScratch(rows * 3 * width); // [rows, 3, width]
  const horizontal = tapsFor(kernel, box.width, scaledWidth);
  const columns = { scaledWidth, left, width, taps: horizontal };
  resampleRows(source, box, firstRow, rows, columns, written(narrow));
  if (box.height === scaledHeight) copyRows(narrow, data, width, height);
  else resampleColumns(narrow, written(data), vertical, { firstRow, top, width, height });
}

interface Columns {
  scaledWidth: number;
  left: number;
  width: number;
  taps: Taps;
}

/** Resamples `rows` rows of the box horizontally into `[rows, 3, width]`. */
function resampleRows(
  source: InterleavedImage,
  box: Box,
  firstRow: number,
  rows: number,
  columns: Columns,
  out: Bytes,
): void {
  const { pixels } = source;
  const { scaledWidth, left, width } = columns;
  const pitch = 3 * source.width;
  const start = (box.top + firstRow) * pitch + 3 * box.left;
  if (box.width === scaledWidth) {
    for (let y = 0; y < rows; y++) {
      let from = start + y * pitch + 3 * left;
      let to = y * 3 * width;
      for (let x = 0; x < width; x++, from += 3, to++) {
        out[to] = pixels[from]!;
        out[to + width] = pixels[from + 1]!;
        out[to + 2 * width] = pixels[from + 2]!;
      }
    }
    return;
  }
  const { first, count, weights, stride } = columns.taps;
  for (let y = 0; y < rows; y++) {
    const row = start + y * pitch;
    let to = y * 3 * width;
    let k = left * stride;
    for (let x = left; x < left + width; x++, to++, k += stride) {
      const taps = count[x]!;
      let at = row + 3 * first[x]!;
      const w0 = weights[k]!;
      let red = (HALF + Math.imul(pixels[at]!, w0)) | 0;
      let green = (HALF + Math.imul(pixels[at + 1]!, w0)) | 0;
      let blue = (HALF + Math.imul(pixels[at + 2]!, w0)) | 0;
      for (let t = 1; t < taps; t++) {
        const w = weights[k + t]!;
        at += 3;
        red = (red + Math.imul(pixels[at]!, w)) | 0;
        green = (green + Math.imul(pixels[at + 1]!, w)) | 0;
        blue = (blue + Math.imul(pixels[at + 2]!, w)) | 0;
      }
      out[to] = red >> FRACTION_BITS;
      out[to + width] = green >> FRACTION_BITS;
      out[to + 2 * width] = blue >> FRACTION_BITS;
    }
  }
}

/** Window of the scaled image, and the first source row in the scratch buffer. */
interface Window {
  firstRow: number;
  top: number;
  width: number;
  height: number;
}

/** Resamples `[rows, 3, width]` vertically into planes `[3, height, width]`. */
function resampleColumns(rows: Uint8Array, out: Bytes, taps: Taps, window: Window): void {
  const { firstRow, top, width, height } = window;
  const { first, count, weights, stride } = taps;
  const pitch = 3 * width;
  const plane = width * height;
  for (let y = 0; y < height; y++) {
    const n = count[top + y]!;
    const k = (top + y) * stride;
    const from = (first[top + y]! - firstRow) * pitch;
    for (let c = 0; c < 3; c++) {
      let at = from + c * width;
      const end = at + width;
      let to = c * plane + y * width;
      if (n <= 2) {
        const w0 = weights[k]!;
        const w1 = weights[k + 1]!;
        const next = n === 2 ? pitch : 0;
        for (; at < end; at++, to++) {
          out[to] =
            (HALF + Math.imul(rows[at]!, w0) + Math.imul(rows[at + next]!, w1)) >> FRACTION_BITS;
        }
        continue;
      }
      for (; at < end; at++, to++) {
        let sum = HALF;
        for (let t = 0, cell = at; t < n; t++, cell += pitch) {
          sum = (sum + Math.imul(rows[cell]!, weights[k + t]!)) | 0;
        }
        out[to] = sum >> FRACTION_BITS;
      }
    }
  }
}

/** Copies rows `[height, 3, width]` into planes `[3, height, width]` without a vertical pass. */
function copyRows(rows: Uint8Array, out: Uint8Array, width: number, height: number): void {
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const from = (y * 3 + c) * width;
      out.set(rows.subarray(from, from + width), (c * height + y) * width);
    }
  }
}
