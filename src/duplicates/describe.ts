/**
 * Small pictures and coarse descriptors of images, from which near-duplicates are found.
 *
 * The small picture is a grid of gray values and a coarser one of color differences, without regard
 * to the aspect ratio. The coarse descriptor has the low frequencies of the gray grid at unit
 * length, so it does not depend on brightness and contrast.
 */
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { openPixelReader, type Pixels } from '../data/index.ts';

/** Rows and columns of the gray grid. */
export const SIDE = 32;
/** Rows and columns of the grid of color differences. */
export const COLOR_SIDE = 8;
/** Frequencies per axis in the coarse descriptor. */
const FREQUENCIES = 8;
/** Highest sum of both frequencies; crops change those above. */
const MAX_FREQUENCY = 8;
/** Standard deviation of gray values below which an image is flat. */
const MIN_DEVIATION = 1.5;

/** Pairs of frequencies in one class of parity, which a mirroring multiplies by one sign. */
interface ParityClass {
  readonly begin: number;
  readonly end: number;
}

interface Frequency {
  readonly x: number;
  readonly y: number;
}

/**
 * Frequencies of the coarse descriptor by parity: even and even, odd in x, odd in y, odd in both.
 * Lower frequencies, which vary most, come first in each class.
 */
const classes: readonly (readonly Frequency[])[] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
].map(([px, py]) => {
  const found: Frequency[] = [];
  for (let y = py!; y < FREQUENCIES; y += 2) {
    for (let x = px!; x < FREQUENCIES; x += 2) {
      if (x + y > 0 && x + y <= MAX_FREQUENCY) found.push({ x, y });
    }
  }
  return found.toSorted((a, b) => a.x + a.y - b.x - b.y || a.x - b.x);
});

const frequencies = classes.flat();

/** Length of a coarse descriptor. */
export const COARSE = frequencies.length;

/** Ranges of the four classes of parity in a coarse descriptor. */
export const parityClasses: readonly ParityClass[] = classes.map((one, i) => {
  const begin = classes.slice(0, i).reduce((sum, { length }) => sum + length, 0);
  return { begin, end: begin + one.length };
});

/** Cosines [frequency, position] of the discrete cosine transform of a row of the gray grid. */
const cosines = Float32Array.from({ length: FREQUENCIES * SIDE }, (_, i) => {
  const frequency = Math.floor(i / SIDE);
  return Math.cos((Math.PI * frequency * ((i % SIDE) + 0.5)) / SIDE);
});

/** Descriptors of N images. */
export interface Descriptors {
  readonly count: number;
  /** Gray values [N, SIDE, SIDE]. */
  readonly gray: Uint8Array;
  /** Differences of red and of blue from gray, halved [N, 2, COLOR_SIDE, COLOR_SIDE]. */
  readonly color: Int8Array;
  /** Coarse descriptors [N, COARSE] of length 1; zero for a flat image. */
  readonly coarse: Float32Array;
}

/** Makes room for the descriptors of some images. */
export function emptyDescriptors(count: number): Descriptors {
  return {
    count,
    gray: new Uint8Array(count * SIDE * SIDE),
    color: new Int8Array(count * 2 * COLOR_SIDE * COLOR_SIDE),
    coarse: new Float32Array(count * COARSE),
  };
}

/**
 * Describes images of a pixel cache.
 *
 * @param indices images of the cache, in the order of the result
 * @throws LikenessError `cache.*`; the signal's reason where it is aborted
 */
export async function describeImages(
  cache: Parameters<typeof openPixelReader>[0],
  indices: ArrayLike<number>,
  reporter: Reporter,
): Promise<Descriptors> {
  const made = emptyDescriptors(indices.length);
  const advance = beginStage(reporter, {
    ...{ stage: 'describe', text: 'describing images', unit: 'image', total: indices.length },
  });
  const reader = openPixelReader(cache);
  try {
    for (let i = 0; i < indices.length; i++) {
      describeImage(reader.read(indices[i]!), made, i);
      if (i % 256 !== 255) continue;
      advance(i + 1);
      await breathe(reporter.signal);
    }
    advance(indices.length);
  } finally {
    reader.close();
  }
  return made;
}

/** Lets other work of the process run, and ends the work where it is to stop. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}

/** Writes the descriptors of one image at position `at`. */
export function describeImage(image: Pixels, made: Descriptors, at: number): void {
  const small = shrink(image, SIDE);
  const gray = made.gray.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE);
  for (let p = 0; p < gray.length; p++) {
    gray[p] = luminance(small[3 * p]!, small[3 * p + 1]!, small[3 * p + 2]!) + 0.5;
  }
  const area = COLOR_SIDE * COLOR_SIDE;
  const step = SIDE / COLOR_SIDE;
  for (let p = 0; p < area; p++) {
    let [red, blue] = [0, 0];
    const [x0, y0] = [(p % COLOR_SIDE) * step, Math.floor(p / COLOR_SIDE) * step];
    for (let y = y0; y < y0 + step; y++) {
      for (let x = x0; x < x0 + step; x++) {
        const i = 3 * (y * SIDE + x);
        const value = luminance(small[i]!, small[i + 1]!, small[i + 2]!);
        red += small[i]! - value;
        blue += small[i + 2]! - value;
      }
    }
    made.color[at * 2 * area + p] = Math.round(red / (2 * step * step));
    made.color[at * 2 * area + area + p] = Math.round(blue / (2 * step * step));
  }
  transform(gray, made.coarse.subarray(at * COARSE, (at + 1) * COARSE));
}

/** Luminance by ITU-R BT.601. */
function luminance(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Averages an image over a grid of equal rectangles, to RGB [side, side, 3]. */
function shrink({ width, height, pixels }: Pixels, side: number): Float32Array {
  const across = new Float32Array(height * side * 3);
  average(pixels, across, { lines: height, length: width, side });
  const turned = new Float32Array(side * height * 3);
  transpose(across, turned, height, side);
  const down = new Float32Array(side * side * 3);
  average(turned, down, { lines: side, length: height, side });
  const small = new Float32Array(side * side * 3);
  transpose(down, small, side, side);
  return small;
}

interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly side: number;
}

/** Averages each line of RGB values over `side` equal parts. */
function average(from: ArrayLike<number>, to: Float32Array, { lines, length, side }: Lines): void {
  for (let part = 0; part < side; part++) {
    const [begin, end] = [(part * length) / side, ((part + 1) * length) / side];
    for (let at = Math.floor(begin); at < end; at++) {
      const weight = (Math.min(at + 1, end) - Math.max(at, begin)) / (end - begin);
      for (let line = 0; line < lines; line++) {
        const [i, o] = [3 * (line * length + at), 3 * (line * side + part)];
        to[o]! += weight * from[i]!;
        to[o + 1]! += weight * from[i + 1]!;
        to[o + 2]! += weight * from[i + 2]!;
      }
    }
  }
}

function transpose(from: Float32Array, to: Float32Array, rows: number, columns: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [i, o] = [3 * (r * columns + c), 3 * (c * rows + r)];
      to[o] = from[i]!;
      to[o + 1] = from[i + 1]!;
      to[o + 2] = from[i + 2]!;
    }
  }
}

/** Computes the low frequencies of a gray grid at unit length; zeros for a flat one. */
function transform(gray: Uint8Array, coarse: Float32Array): void {
  const rows = new Float64Array(SIDE * FREQUENCIES);
  let [sum, squares] = [0, 0];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const value = gray[y * SIDE + x]!;
      sum += value;
      squares += value * value;
      for (let u = 0; u < FREQUENCIES; u++)
        rows[y * FREQUENCIES + u]! += value * cosines[u * SIDE + x]!;
    }
  }
  const area = SIDE * SIDE;
  coarse.fill(0);
  if (squares / area - (sum / area) ** 2 < MIN_DEVIATION ** 2) return;
  let norm = 0;
  for (const [i, { x, y }] of frequencies.entries()) {
    let value = 0;
    for (let row = 0; row < SIDE; row++)
      value += rows[row * FREQUENCIES + x]! * cosines[y * SIDE + row]!;
    // Frequency 0 of an axis has twice the power of the others in this basis.
    coarse[i] = x === 0 || y === 0 ? value * Math.SQRT1_2 : value;
    norm += coarse[i]! ** 2;
  }
  norm = Math.sqrt(norm);
  if (norm > 0) for (let i = 0; i < coarse.length; i++) coarse[i]! /= norm;
}
