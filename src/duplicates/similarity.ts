/**
 * Similarity of two images after one is laid over the other.
 *
 * A crop moves the edges of a picture. The edges of the second image are therefore moved by up to
 * `MAX_SHIFT` of its sides until the correlation of gray values is largest. The similarity is then
 * the mean structural similarity over windows, weighted by their contrast. The windows that agree
 * least are left out, so that added text does not count, and differences in color are taken off.
 *
 * Structure as in Wang et al., "Image quality assessment: from error visibility to structural
 * similarity", 2004, equation 13 without luminance.
 */
import type { Orientation } from './candidates.ts';
import { COLOR_SIDE, type Descriptors, SIDE } from './describe.ts';

/** Farthest move of an edge, as a fraction of the side. */
const MAX_SHIFT = 0.15;
/** Moves of the edges, coarse to fine. */
const steps = [0.05, 0.025, 0.0125, 0.00625];
/** Boxes that the search starts from: the whole image, and crops of either image. */
const starts = [0, 0.05, -0.05];
/** Rows and columns of a window, and their distance. */
const WINDOW = 8;
const STRIDE = 4;
/** Constant of the structural similarity, relative to the variance of the picture. */
const STABILIZER = 0.03;
/** Fraction of windows that are left out. */
const TRIMMED = 0.15;
/** Weight of color differences. */
const COLOR_WEIGHT = 0.5;
/** Color difference that counts as noise of compression, in halved gray values. */
const COLOR_NOISE = 6;

/** Positions of the left, right, top and bottom edge in the other image, 0 to 1. */
type Box = [left: number, right: number, top: number, bottom: number];

const area = SIDE * SIDE;
const first = new Float32Array(area);
const second = new Float32Array(area);
const laid = new Float32Array(area);
const isInside = new Uint8Array(area);

/**
 * Computes the similarity of two images in an orientation, at most 1.
 *
 *     s = Σ_w v_w s_w / Σ_w v_w - 0.5 c
 *     s_w = (2 cov(p, q) + 0.03) / (var p + var q + 0.03),   v_w = sqrt(var p + var q)
 *     c = Σ max(|p - q| - 6, 0) / Σ (|p| + |q| + 6)
 *
 * p and q are gray values of both images in a window w of 8 x 8, normalized over the whole overlap,
 * and in c their color differences. The 15 % of windows with the smallest s_w are left out.
 */
export function similarityOf(
  { gray, color }: Descriptors,
  a: number,
  b: number,
  orientation: Orientation,
): number {
  first.set(gray.subarray(a * area, (a + 1) * area));
  orient(gray.subarray(b * area, (b + 1) * area), second, SIDE, orientation);
  const box = bestBox();
  lay(box);
  const structure = structureOf();
  return structure - COLOR_WEIGHT * colorDifference(color, a, b, orientation);
}

/** Copies a grid in an orientation. */
function orient(
  from: ArrayLike<number>,
  to: Float32Array | Int8Array,
  side: number,
  orientation: Orientation,
): void {
  const [flipX, flipY] = [orientation & 1, orientation & 2];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [fromX, fromY] = [flipX ? side - 1 - x : x, flipY ? side - 1 - y : y];
      to[y * side + x] = from[fromY * side + fromX]!;
    }
  }
}

/** Finds the edges with the largest correlation by moving one at a time. */
function bestBox(): Box {
  let box: Box = [0, 1, 0, 1];
  let best = -2;
  for (const shift of starts) {
    const start: Box = [shift, 1 - shift, shift, 1 - shift];
    const value = correlation(start);
    if (value > best) [best, box] = [value, start];
  }
  for (const step of steps) {
    for (let improved = true; improved; ) {
      improved = false;
      for (let edge = 0; edge < 4; edge++) {
        for (const move of [-step, step]) {
          const moved: Box = [...box];
          moved[edge]! += move;
          if (Math.abs(moved[edge]! - (edge % 2)) > MAX_SHIFT) continue;
          const value = correlation(moved);
          if (value > best + 1e-5) {
            [best, box, improved] = [value, moved, true];
          }
        }
      }
    }
  }
  return box;
}

/** Correlates every second pixel of the first image with the second one in a box. */
function correlation([left, right, top, bottom]: Box): number {
  let [n, sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
  const [scaleX, scaleY] = [right - left, bottom - top];
  for (let y = 0; y < SIDE; y += 2) {
    const at = (top + (scaleY * (y + 0.5)) / SIDE) * SIDE - 0.5;
    if (at < -0.5 || at > SIDE - 0.5) continue;
    for (let x = (y >> 1) % 2; x < SIDE; x += 2) {
      const across = (left + (scaleX * (x + 0.5)) / SIDE) * SIDE - 0.5;
      if (across < -0.5 || across > SIDE - 0.5) continue;
      const p = first[y * SIDE + x]!;
      const q = sample(across, at);
      n++;
      sumA += p;
      sumB += q;
      squaresA += p * p;
      squaresB += q * q;
      products += p * q;
    }
  }
  const varianceA = squaresA - (sumA * sumA) / n;
  const varianceB = squaresB - (sumB * sumB) / n;
  if (varianceA <= 0 || varianceB <= 0) return -1;
  return (products - (sumA * sumB) / n) / Math.sqrt(varianceA * varianceB);
}

/** Value of the second image between pixels. */
function sample(x: number, y: number): number {
  const clampedX = Math.min(Math.max(x, 0), SIDE - 1);
  const clampedY = Math.min(Math.max(y, 0), SIDE - 1);
  const [x0, y0] = [Math.min(clampedX | 0, SIDE - 2), Math.min(clampedY | 0, SIDE - 2)];
  const [fx, fy] = [clampedX - x0, clampedY - y0];
  const i = y0 * SIDE + x0;
  const upper = second[i]! * (1 - fx) + second[i + 1]! * fx;
  const lower = second[i + SIDE]! * (1 - fx) + second[i + SIDE + 1]! * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Lays the second image over the first, and normalizes both where they overlap. */
function lay([left, right, top, bottom]: Box): void {
  for (let y = 0; y < SIDE; y++) {
    const at = (top + ((bottom - top) * (y + 0.5)) / SIDE) * SIDE - 0.5;
    for (let x = 0; x < SIDE; x++) {
      const across = (left + ((right - left) * (x + 0.5)) / SIDE) * SIDE - 0.5;
      const i = y * SIDE + x;
      isInside[i] =
        at >= -0.5 && at <= SIDE - 0.5 && across >= -0.5 && across <= SIDE - 0.5 ? 1 : 0;
      laid[i] = sample(across, at);
    }
  }
  normalize(first);
  normalize(laid);
}

function normalize(values: Float32Array): void {
  let [n, sum, squares] = [0, 0, 0];
  for (let i = 0; i < area; i++) {
    if (!isInside[i]) continue;
    n++;
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const mean = sum / n;
  const scale = 1 / Math.sqrt(Math.max(squares / n - mean ** 2, 1e-6));
  for (let i = 0; i < area; i++) values[i] = (values[i]! - mean) * scale;
}

/** Mean structural similarity of the windows that overlap, without those that agree least. */
function structureOf(): number {
  const windows: { similarity: number; weight: number }[] = [];
  for (let y = 0; y + WINDOW <= SIDE; y += STRIDE) {
    for (let x = 0; x + WINDOW <= SIDE; x += STRIDE) {
      const window = structureAt(x, y);
      if (window) windows.push(window);
    }
  }
  windows.sort((one, other) => one.similarity - other.similarity);
  let [sum, weights] = [0, 0];
  for (const { similarity, weight } of windows.slice(Math.floor(TRIMMED * windows.length))) {
    sum += weight * similarity;
    weights += weight;
  }
  return weights > 0 ? sum / weights : 0;
}

function structureAt(x0: number, y0: number): { similarity: number; weight: number } | undefined {
  let [n, sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
  for (let y = y0; y < y0 + WINDOW; y++) {
    for (let x = x0; x < x0 + WINDOW; x++) {
      const i = y * SIDE + x;
      if (!isInside[i]) continue;
      const [p, q] = [first[i]!, laid[i]!];
      n++;
      sumA += p;
      sumB += q;
      squaresA += p * p;
      squaresB += q * q;
      products += p * q;
    }
  }
  if (n < (WINDOW * WINDOW) / 2) return undefined;
  const covariance = products / n - (sumA / n) * (sumB / n);
  const variances = squaresA / n - (sumA / n) ** 2 + squaresB / n - (sumB / n) ** 2;
  return {
    similarity: (2 * covariance + STABILIZER) / (variances + STABILIZER),
    weight: Math.sqrt(Math.max(variances, 0)),
  };
}

const colorArea = COLOR_SIDE * COLOR_SIDE;
const turned = new Int8Array(colorArea);

/** Difference of colors beyond the noise, relative to their strength, 0 to 1. */
function colorDifference(color: Int8Array, a: number, b: number, orientation: Orientation): number {
  let [differences, strengths] = [0, 0];
  for (let channel = 0; channel < 2; channel++) {
    const [atA, atB] = [(2 * a + channel) * colorArea, (2 * b + channel) * colorArea];
    orient(color.subarray(atB, atB + colorArea), turned, COLOR_SIDE, orientation);
    for (let i = 0; i < colorArea; i++) {
      const [p, q] = [color[atA + i]!, turned[i]!];
      differences += Math.max(Math.abs(p - q) - COLOR_NOISE, 0);
      strengths += Math.abs(p) + Math.abs(q);
    }
  }
  return differences / (strengths + 2 * colorArea * COLOR_NOISE);
}
