/**
 * Gaussian blur in the two forms of the published recipes.
 *
 * `boxBlur` is Pillow's `GaussianBlur`, which SwAV and MoCo v2 use. It applies three extended box
 * filters per axis with a total variance of sigma². The two end pixels of an extended box have a
 * fractional weight, so any sigma is possible. All bytes equal Pillow 9.4.
 *
 * `gaussianBlur` is a sampled Gaussian kernel of 23 pixels with mirrored borders, OpenCV's, which
 * Contrastive Clustering uses. SimCLR has the same kernel with zeros beyond the borders.
 *
 * Reference: Gwosdek, Grewenig, Bruhn, Weickert, "Theoretical foundations of Gaussian convolution
 * by extended box filtering", SSVM 2011, equations 7, 11 and 14.
 */
import { type PlanarImage, scratch } from './planarImage.ts';

const { fround } = Math;
const PASSES = 3;
/** Radius of the kernel of 23 pixels in the published recipes. */
const RADIUS = 11;

/** Computes the fractional radius of the extended box for a sigma, in single precision. */
function boxRadius(sigma: number): number {
  const s = fround(sigma);
  const variance = fround(fround(s * s) / PASSES);
  const length = fround(Math.sqrt(12 * variance + 1));
  const l = fround(Math.floor((length - 1) / 2));
  const above = fround(fround(l + 1) * fround(l + 1));
  const below = fround(
    fround(2 * l + 1) * fround(fround(l * fround(l + 1)) - fround(3 * variance)),
  );
  const a = fround(below / fround(6 * fround(variance - above)));
  return fround(l + a);
}

/** Extended box filter with weights of 24 fractional bits. */
interface ExtendedBox {
  /** Pixels of full weight on each side. */
  readonly whole: number;
  readonly insideWeight: number;
  /** Weight of the end pixel on each side. */
  readonly endWeight: number;
}

const lineScratch = scratch((length) => new Uint8Array(length));
const otherScratch = scratch((length) => new Uint8Array(length));

/** Blurs in place with Pillow's three box passes per axis; `sigma` in pixels, above 0. */
export function boxBlur({ data, width, height }: PlanarImage, sigma: number): void {
  const radius = boxRadius(sigma);
  const whole = Math.trunc(radius);
  const insideWeight = Math.trunc(fround((1 << 24) / fround(radius * 2 + 1)));
  const endWeight = ((1 << 24) - (whole * 2 + 1) * insideWeight) >>> 1;
  const box = { whole, insideWeight, endWeight };
  for (let row = 0; row < data.length; row += width) boxLine(data, row, 1, width, box);
  const plane = width * height;
  for (let start = 0; start < data.length; start += plane) {
    for (let x = 0; x < width; x++) boxLine(data, start + x, width, height, box);
  }
}

/**
 * Filters the `n` values at `start`, `start + step`, … three times, with repeated border values.
 */
function boxLine(data: Uint8Array, start: number, step: number, n: number, box: ExtendedBox): void {
  const margin = box.whole + 1;
  const line = lineScratch(n + 2 * margin);
  const other = otherScratch(n + 2 * margin);
  for (let i = margin, at = start; i < margin + n; i++, at += step) line[i] = data[at]!;
  boxPass(line, n, box, other, margin, 1);
  boxPass(other, n, box, line, margin, 1);
  boxPass(line, n, box, data, start, step);
}

/**
 * Filters the `n` values from `whole + 1` in `line` once and writes them to `out[at + i · step]`.
 * Fills the margins of `line`.
 */
function boxPass(
  line: Uint8Array,
  n: number,
  box: ExtendedBox,
  out: Uint8Array,
  at: number,
  step: number,
): void {
  const { whole, insideWeight, endWeight } = box;
  const margin = whole + 1;
  const head = line[margin]!;
  const tail = line[margin + n - 1]!;
  for (let i = 0; i < margin; i++) {
    line[i] = head;
    line[margin + n + i] = tail;
  }
  let sum = 0;
  for (let i = 0; i < 2 * whole + 1; i++) sum += line[i]!; // the box around position -1
  for (let i = 0, to = at; i < n; i++, to += step) {
    const left = line[i]!;
    const right = line[i + 2 * margin]!;
    sum = (sum + line[i + 2 * whole + 1]! - left) | 0;
    // The sum reaches 2^32: it wraps as a signed integer, and `>>>` reads it as unsigned.
    out[to] =
      (Math.imul(sum, insideWeight) + Math.imul(left + right, endWeight) + (1 << 23)) >>> 24;
  }
}

const rowsScratch = scratch((length) => new Float32Array(length));
const smoothScratch = scratch((length) => new Float64Array(length));
const mirrorScratch = scratch((length) => new Float64Array(length));

/**
 * Blurs in place with a sampled Gaussian kernel of 23 pixels; `sigma` in pixels. Borders are
 * mirrored without repeating the edge pixel.
 */
export function gaussianBlur({ data, width, height }: PlanarImage, sigma: number): void {
  const weights = gaussianWeights(sigma);
  const plane = width * height;
  const rows = rowsScratch(plane);
  const line = smoothScratch(Math.max(width, height));
  for (let start = 0; start < data.length; start += plane) {
    for (let row = 0; row < plane; row += width) {
      smoothLine(data, start + row, 1, width, weights, line);
      for (let x = 0; x < width; x++) rows[row + x] = line[x]!;
    }
    for (let x = 0; x < width; x++) {
      smoothLine(rows, x, width, height, weights, line);
      for (let y = 0, at = start + x; y < height; y++, at += width) data[at] = line[y]! + 0.5;
    }
  }
}

/**
 * Computes `exp(-i² / 2 sigma²)` for i = 0 to 11, scaled so that the whole kernel sums to 1.
 * Negligible weights are left out.
 */
function gaussianWeights(sigma: number): Float64Array {
  // Beyond 5.5 sigma a weight is below 3e-7, less than a ten-thousandth of a gray level.
  const radius = Math.min(RADIUS, Math.ceil(5.5 * sigma));
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp(-(i * i) / (2 * sigma * sigma)),
  );
  let total = weights[0]!;
  for (let i = 1; i <= radius; i++) total += 2 * weights[i]!;
  return weights.map((weight) => weight / total);
}

/** Convolves the `n` values at `start`, `start + step`, … into `out`. */
function smoothLine(
  values: Uint8Array | Float32Array,
  start: number,
  step: number,
  n: number,
  weights: Float64Array,
  out: Float64Array,
): void {
  const radius = weights.length - 1;
  const mirrored = mirrorScratch(n + 2 * radius);
  for (let i = 0, at = start; i < n; i++, at += step) mirrored[radius + i] = values[at]!;
  const period = Math.max(2 * (n - 1), 1);
  for (let i = 1; i <= radius; i++) {
    // Reflects index -i, and by symmetry n - 1 + i, as often as needed.
    const distance = i % period;
    const inside = distance < n ? distance : period - distance;
    mirrored[radius - i] = mirrored[radius + inside]!;
    mirrored[radius + n - 1 + i] = mirrored[radius + n - 1 - inside]!;
  }
  for (let i = 0, at = radius; i < n; i++, at++) {
    let sum = weights[0]! * mirrored[at]!;
    for (let t = 1; t <= radius; t++) sum += weights[t]! * (mirrored[at - t]! + mirrored[at + t]!);
    out[i] = sum;
  }
}
