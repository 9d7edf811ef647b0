/**
 * Gaussian blur, in the two ways that published recipes use.
 *
 * `boxBlur` is what Pillow calls GaussianBlur: three passes of an extended box per axis, whose variance
 * together is sigma². Extended means that the two pixels at the ends count by a fraction, so that any sigma can be
 * met. SwAV and MoCo v2 use it. Bit-equal to Pillow 9.4.
 * `gaussianBlur` is the sampled Gaussian of 23 taps, mirrored at the border, which SimCLR and Contrastive Clustering use.
 *
 * Reference: Gwosdek, Grewenig, Bruhn, Weickert, "Theoretical foundations of Gaussian convolution by extended box
 * filtering", SSVM 2011, equations 7, 11 and 14.
 */
import { type PlanarImage, scratch } from './planarImage.ts';

const { fround } = Math;
const PASSES = 3;
/** Half of 23: the kernel size of the published recipes. */
const RADIUS = 11;

/** Radius of the extended box, whole and fractional part together, for a given sigma (single precision throughout). */
function boxRadius(sigma: number): number {
  const s = fround(sigma);
  const variance = fround(fround(s * s) / PASSES);
  const length = fround(Math.sqrt(12 * variance + 1));
  const l = fround(Math.floor((length - 1) / 2));
  const above = fround(fround(l + 1) * fround(l + 1));
  const below = fround(fround(2 * l + 1) * fround(fround(l * fround(l + 1)) - fround(3 * variance)));
  const a = fround(below / fround(6 * fround(variance - above)));
  return fround(l + a);
}

/** Weights of an extended box with 24 fractional bits. */
interface ExtendedBox {
  /** Pixels on each side that count in full. */
  readonly whole: number;
  readonly insideWeight: number;
  /** Weight of the one further pixel at either end. */
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

/** Three box passes over the `n` values at `start`, `start + step`, …; beyond the ends the end values go on. */
function boxLine(data: Uint8Array, start: number, step: number, n: number, box: ExtendedBox): void {
  const margin = box.whole + 1;
  const line = lineScratch(n + 2 * margin);
  const other = otherScratch(n + 2 * margin);
  for (let i = margin, at = start; i < margin + n; i++, at += step) line[i] = data[at]!;
  boxPass(line, n, box, other, margin, 1);
  boxPass(other, n, box, line, margin, 1);
  boxPass(line, n, box, data, start, step);
}

/** One pass over `n` values that start at `whole + 1` in `line`, whose margins it fills; writes to `out[at + i · step]`. */
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
    // Up to 2^32: the sum of the products wraps as a signed number and is read back unsigned.
    out[to] = (Math.imul(sum, insideWeight) + Math.imul(left + right, endWeight) + (1 << 23)) >>> 24;
  }
}

const rowsScratch = scratch((length) => new Float32Array(length));
const smoothScratch = scratch((length) => new Float64Array(length));
const mirrorScratch = scratch((length) => new Float64Array(length));

/** Blurs in place with a sampled Gaussian of 23 taps, mirrored at the border without repeating the edge; `sigma` in pixels. */
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

/** `exp(-i² / 2 sigma²)` for i = 0 to 11, scaled so that the 23 taps sum to 1; taps too small to show are left out. */
function gaussianWeights(sigma: number): Float64Array {
  // Beyond 5.5 sigma a tap is below 3e-7: under a ten-thousandth of one grey level.
  const radius = Math.min(RADIUS, Math.ceil(5.5 * sigma));
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp(-(i * i) / (2 * sigma * sigma)),
  );
  let total = weights[0]!;
  for (let i = 1; i <= radius; i++) total += 2 * weights[i]!;
  return weights.map((weight) => weight / total);
}

/** Weighted sums around each of the `n` values at `start`, `start + step`, …, into `out`. */
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
    // Position -i, and by symmetry n - 1 + i, folded back inside as often as needed.
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
