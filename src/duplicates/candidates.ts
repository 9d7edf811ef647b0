/**
 * Pairs of images that may be near-duplicates, by their coarse descriptors.
 *
 * The search is exact. Images are sorted by their first coefficient, so an image is compared with
 * those of similar values alone, and a comparison ends once a bound of the distance is too large. A
 * mirroring multiplies whole classes of coefficients by -1, so the four orientations of an image
 * cost hardly more than one.
 */
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { breathe, COARSE, parityClasses } from './describe.ts';

/** Mirroring of one image to another: bit 0 for left and right, bit 1 for top and bottom. */
export type Orientation = 0 | 1 | 2 | 3;

export interface Candidate {
  /** Positions of both images, the smaller first. */
  readonly a: number;
  readonly b: number;
  readonly orientation: Orientation;
  /** Squared distance of the coarse descriptors in that orientation, 0 to 4. */
  readonly distance: number;
}

export interface CandidateOptions {
  /** Largest squared distance. */
  readonly within: number;
  /** Most candidates of an image, nearest first. A pair stays where either image keeps it. */
  readonly most: number;
}

/** Images that are compared with the others at a time, so that their descriptors stay in caches. */
const BLOCK = 128;

/**
 * Finds all pairs of descriptors [N, COARSE] of length 1 within a distance. Zero descriptors are
 * left out.
 *
 * @returns pairs by `a` and `b`
 * @throws the signal's reason where it is aborted
 */
export async function findCandidates(
  coarse: Float32Array,
  { within, most }: CandidateOptions,
  reporter: Reporter,
): Promise<Candidate[]> {
  const order = sortedByFirst(coarse);
  const count = order.length;
  const sorted = new Float32Array(count * COARSE);
  for (let i = 0; i < count; i++) {
    sorted.set(coarse.subarray(order[i]! * COARSE, (order[i]! + 1) * COARSE), i * COARSE);
  }
  const reach = Math.sqrt(within);
  const advance = beginStage(reporter, {
    ...{ stage: 'pairs', text: 'comparing images', unit: 'image', total: count },
  });
  const found: Candidate[][] = Array.from({ length: count }, () => []);
  const best = { distance: 0, orientation: 0 as Orientation };
  for (let begin = 0; begin < count; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, count);
    const last = sorted[(end - 1) * COARSE]! + reach;
    for (let j = begin + 1; j < count && sorted[j * COARSE]! <= last; j++) {
      for (let i = begin; i < Math.min(end, j); i++) {
        if (!compare(sorted, i * COARSE, j * COARSE, within, best)) continue;
        const [a, b] = [Math.min(order[i]!, order[j]!), Math.max(order[i]!, order[j]!)];
        const candidate = { a, b, ...best };
        add(found[i]!, candidate, most);
        add(found[j]!, candidate, most);
      }
    }
    advance(end);
    await breathe(reporter.signal);
  }
  const all = new Set<Candidate>(found.flatMap((own) => nearest(own, most)));
  return [...all].sort((one, other) => one.a - other.a || one.b - other.b);
}

function sortedByFirst(coarse: Float32Array): Uint32Array {
  const usable: number[] = [];
  for (let i = 0; i < coarse.length / COARSE; i++) {
    if (coarse.subarray(i * COARSE, (i + 1) * COARSE).some((value) => value !== 0)) usable.push(i);
  }
  return Uint32Array.from(usable).sort(
    (a, b) => coarse[a * COARSE]! - coarse[b * COARSE]! || a - b,
  );
}

/** Adds a candidate, and drops the farthest ones when there are too many. */
function add(own: Candidate[], candidate: Candidate, most: number): void {
  own.push(candidate);
  if (own.length >= 2 * most) own.splice(0, own.length, ...nearest(own, most));
}

function nearest(own: Candidate[], most: number): Candidate[] {
  return own
    .sort((one, other) => one.distance - other.distance || one.a - other.a || one.b - other.b)
    .slice(0, most);
}

const [both, oddX, oddY, odd] = parityClasses;
const mirrored = parityClasses.slice(1);

/** Computes the distance in the best orientation; false where it is above `within`. */
function compare(
  rows: Float32Array,
  i: number,
  j: number,
  within: number,
  best: { distance: number; orientation: Orientation },
): boolean {
  // Signs differ between orientations, so absolute values bound all of them from below.
  let bound = 0;
  for (const { begin } of mirrored) {
    const difference = Math.abs(rows[i + begin]!) - Math.abs(rows[j + begin]!);
    bound += difference * difference;
  }
  if (bound > within) return false;
  let even = 0;
  for (let d = both!.begin; d < both!.end; d++) {
    const difference = rows[i + d]! - rows[j + d]!;
    even += difference * difference;
    if (even + bound > within) return false;
  }
  const x = squares(rows, i, j, oddX!);
  if (even + Math.min(x, mirroredDistance) > within) return false;
  const minusX = mirroredDistance;
  const y = squares(rows, i, j, oddY!);
  if (even + Math.min(x, minusX) + Math.min(y, mirroredDistance) > within) return false;
  const minusY = mirroredDistance;
  const xy = squares(rows, i, j, odd!);
  const distances = [
    even + x + y + xy,
    even + minusX + y + mirroredDistance,
    even + x + minusY + mirroredDistance,
    even + minusX + minusY + xy,
  ];
  const distance = Math.min(...distances);
  if (distance > within) return false;
  best.distance = distance;
  best.orientation = distances.indexOf(distance) as Orientation;
  return true;
}

/** Second result of `squares`: the squared distance to the mirrored coefficients. */
let mirroredDistance = 0;

/** Squared distance of the coefficients of one class. */
function squares(
  rows: Float32Array,
  i: number,
  j: number,
  { begin, end }: { begin: number; end: number },
): number {
  let minus = 0;
  mirroredDistance = 0;
  for (let d = begin; d < end; d++) {
    const p = rows[i + d]!;
    const q = rows[j + d]!;
    minus += (p - q) * (p - q);
    mirroredDistance += (p + q) * (p + q);
  }
  return minus;
}
