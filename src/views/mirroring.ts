/**
 * Measures without labels if images may be mirrored.
 *
 * Mirrored photos lie as near to the other photos as the photos themselves. Mirrored digits,
 * letters and pages lie farther from all others. Images are compared by descriptors of their
 * gradients, which small shifts and changes of brightness alter little.
 *
 * Source of the descriptor: Dalal and Triggs, "Histograms of oriented gradients for human
 * detection", CVPR 2005, with signed orientations, one block, and the root of the sums. The use of
 * it is our own.
 */
import { luminance } from './luminance.ts';

/** Side of the images that are compared, in pixels. */
export const MIRROR_SIZE = 32;
/** Cells per side, and orientations per cell. */
const CELLS = 4;
const BINS = 8;
const DIMENSION = CELLS * CELLS * BINS;
/** The neighbor that distances are taken to; copies and bursts of an image are mostly fewer. */
const NEIGHBOR = 5;
/** Fewest images: each has as many others as neighbors are counted. */
const MIN_IMAGES = NEIGHBOR + 1;
/** Smallest distance, so that the logarithm is finite. */
const MIN_DISTANCE = 1e-3;

/**
 * Median over images of the distance of the mirrored image to its fifth nearest other image,
 * divided by that of the image itself. About 1 where mirrored images are like the others.
 *
 * @param descriptors of `gradientDescriptor`, two or more
 * @returns undefined for fewer than six images
 */
export function mirrorRatio(descriptors: readonly Float32Array[]): number | undefined {
  if (descriptors.length < MIN_IMAGES) return undefined;
  const logs = descriptors.map((own, i) => {
    const itself = distanceToNeighbor(own, descriptors, i);
    const mirrored = distanceToNeighbor(mirroredDescriptor(own), descriptors, i);
    return Math.log(mirrored / itself);
  });
  logs.sort((a, b) => a - b);
  const middle = logs.length >> 1;
  const median = logs.length % 2 === 1 ? logs[middle]! : (logs[middle - 1]! + logs[middle]!) / 2;
  return Math.exp(median);
}

/** Distance to the fifth nearest descriptor, that of the image itself left out. */
function distanceToNeighbor(
  query: Float32Array,
  all: readonly Float32Array[],
  left: number,
): number {
  const nearest = new Float64Array(NEIGHBOR).fill(Number.POSITIVE_INFINITY); // ascending squares
  for (let j = 0; j < all.length; j++) {
    if (j === left) continue;
    const square = squaredDistance(query, all[j]!);
    if (square >= nearest[NEIGHBOR - 1]!) continue;
    let at = NEIGHBOR - 1;
    for (; at > 0 && nearest[at - 1]! > square; at--) nearest[at] = nearest[at - 1]!;
    nearest[at] = square;
  }
  return Math.max(MIN_DISTANCE, Math.sqrt(nearest[NEIGHBOR - 1]!));
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < DIMENSION; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum;
}

/**
 * Histograms of gradient orientations of an image [3, 32, 32] in 4 x 4 cells, rooted and of length
 * 1: `[128]`. An image of one color has zeros.
 */
export function gradientDescriptor(pixels: Uint8Array): Float32Array {
  const S = MIRROR_SIZE;
  const gray = grayOf(pixels);
  const sums = new Float64Array(DIMENSION);
  for (let y = 0; y < S; y++)
    for (let x = 0; x < S; x++) {
      const dx = x > 0 && x < S - 1 ? gray[y * S + x + 1]! - gray[y * S + x - 1]! : 0;
      const dy = y > 0 && y < S - 1 ? gray[(y + 1) * S + x]! - gray[(y - 1) * S + x]! : 0;
      const size = Math.hypot(dx, dy);
      if (size > 0) addGradient(sums, { x, y, size, turn: Math.atan2(dy, dx) / (2 * Math.PI) });
    }
  let square = 0;
  for (let i = 0; i < DIMENSION; i++) {
    sums[i] = Math.sqrt(sums[i]!);
    square += sums[i]! ** 2;
  }
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  return Float32Array.from(sums, (value) => value * scale);
}

/** Adds a gradient to its two nearest cells per axis and its two nearest orientations. */
function addGradient(
  sums: Float64Array,
  { x, y, size, turn }: { x: number; y: number; size: number; turn: number },
): void {
  const angle = (((turn * BINS) % BINS) + BINS) % BINS;
  const low = Math.floor(angle) % BINS;
  const part = angle - Math.floor(angle);
  for (const [row, byRow] of cellsOf(y))
    for (const [column, byColumn] of cellsOf(x)) {
      const start = (row * CELLS + column) * BINS;
      const weight = size * byRow * byColumn;
      sums[start + low]! += weight * (1 - part);
      sums[start + ((low + 1) % BINS)]! += weight * part;
    }
}

/** Cells that a pixel counts for along one axis, with weights that fall linearly from centers. */
function cellsOf(pixel: number): [cell: number, weight: number][] {
  const position = ((pixel + 0.5) / MIRROR_SIZE) * CELLS - 0.5;
  const low = Math.floor(position);
  const cells: [number, number][] = [
    [low, 1 - (position - low)],
    [low + 1, position - low],
  ];
  return cells.filter(([cell]) => cell >= 0 && cell < CELLS);
}

/** Descriptor of the mirrored image: cells change sides, and an angle a becomes a half turn - a. */
export function mirroredDescriptor(descriptor: Float32Array): Float32Array {
  const out = new Float32Array(DIMENSION);
  for (let row = 0; row < CELLS; row++)
    for (let column = 0; column < CELLS; column++)
      for (let bin = 0; bin < BINS; bin++) {
        const from = (row * CELLS + column) * BINS + bin;
        const to = (row * CELLS + CELLS - 1 - column) * BINS + ((BINS / 2 - bin + BINS) % BINS);
        out[to] = descriptor[from]!;
      }
  return out;
}

function grayOf(pixels: Uint8Array): Uint8Array {
  const area = MIRROR_SIZE * MIRROR_SIZE;
  return Uint8Array.from({ length: area }, (_, i) =>
    luminance(pixels[i]!, pixels[i + area]!, pixels[i + 2 * area]!),
  );
}
