/**
 * Pairs of images that may be near-duplicates, by their coarse descriptors.
 *
 * The search is exact. Images are sorted by their first coefficient, so an image is compared with
 * those of similar values alone, and a comparison ends once the distance is too large. A mirroring
 * multiplies whole classes of coefficients by -1, so the four orientations of an image cost hardly
 * more than one.
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

/** Computes the distance in the best orientation; false where it is above `within`. */
function compare(
  rows: Float32Array,
  i: number,
  j: number,
  within: number,
  best: { distance: number; orientation: Orientation },
): boolean {
  let even = 0;
  for (let d = both!.begin; d < both!.end; d++) {
    const difference = rows[i + d]! - rows[j + d]!;
    even += difference * difference;
    if (even > within) return false;
  }
  let [plusX, minusX] = [0, 0];
  for (let d = oddX!.begin; d < oddX!.end; d++) {
    const [p, q] = [rows[i + d]!, rows[j + d]!];
    plusX += (p - q) ** 2;
    minusX += (p + q) ** 2;
  }
  if (even + Math.min(plusX, minusX) > within) return false;
  let [plusY, minusY] = [0, 0];
  for (let d = oddY!.begin; d < oddY!.end; d++) {
    const [p, q] = [rows[i + d]!, rows[j + d]!];
    plusY += (p - q) ** 2;
    minusY += (p + q) ** 2;
  }
  if (even + Math.min(plusX, minusX) + Math.min(plusY, minusY) > within) return false;
  let [plus, minus] = [0, 0];
  for (let d = odd!.begin; d < odd!.end; d++) {
    const [p, q] = [rows[i + d]!, rows[j + d]!];
    plus += (p - q) ** 2;
    minus += (p + q) ** 2;
  }
  const distances = [
    even + plusX + plusY + plus,
    even + minusX + plusY + minus,
    even + plusX + minusY + minus,
    even + minusX + minusY + plus,
  ];
  const distance = Math.min(...distances);
  if (distance > within) return false;
  best.distance = distance;
  best.orientation = distances.indexOf(distance) as Orientation;
  return true;
}
