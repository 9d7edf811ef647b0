/**
 * A suggestion for the number of clusters, from the data alone.
 *
 * A sample of the features, of length 1, is cut into two halves. For each K of a ladder both halves are clustered on
 * their own (spherical k-means), and the second half is then also assigned to the centroids of the first:
 * - separation: the simplified silhouette of that assignment, on rows that did not shape the centroids;
 * - stability: the adjusted Rand index between that assignment and the half's own clustering. Where K fits the data
 *   both halves find the same groups; where it does not, they cut differently.
 *
 * `score = max(0, separation) * max(0, stability)`, and the suggestion is the K of the highest score.
 *
 * References: Lange, Roth, Braun and Buhmann, "Stability-based validation of clustering solutions", 2004; Tibshirani
 * and Walther, "Cluster validation by prediction strength", 2005. The product of the two is our choice. Features
 * without separate groups have no right K: then the curve is flat and the range wide.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Engine } from '../runtime/index.ts';
import { adjustedRand } from './adjustedRand.ts';
import { assign } from './assignment.ts';
import { type Features, featuresOf, normaliseRows, selectRows } from './features.ts';
import { kmeans } from './kmeans.ts';
import { distinctRows } from './kmeansStart.ts';
import { silhouette } from './silhouette.ts';

/** Every number while a person can tell them apart, then steps of about a fifth. */
export const ladder = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32, 40, 50, 60] as const;

export interface SuggestOptions {
  /** Numbers of clusters to try; those above a quarter of the half sample are left out. */
  candidates?: readonly number[];
  /** Most rows looked at. */
  sample?: number;
  /** Starts per clustering. */
  restarts?: number;
  seed?: number;
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

export interface SuggestedK {
  readonly best: number;
  /** Smallest and largest K around the best whose score stays within a tenth of it. */
  readonly range: readonly [number, number];
  readonly curve: readonly KScore[];
  /** How it was chosen, in a sentence for people. */
  readonly reason: string;
}

export interface KScore {
  readonly k: number;
  readonly separation: number;
  readonly stability: number;
  readonly score: number;
}

/** Part of the best score that still counts as as good. */
const AS_GOOD = 0.9;

/** Suggests K for features `[N, D]`; the same seed gives the same answer. Throws below 8 rows. */
export async function suggestK(
  engine: Engine,
  features: Features,
  { candidates = ladder, sample = 5000, restarts = 3, seed = 0, onProgress, signal }: SuggestOptions = {},
): Promise<SuggestedK> {
  const taken = Math.min(features.count, sample);
  const half = Math.floor(taken / 2);
  const tried = candidates.filter((k) => k >= 2 && k <= half / 4 + 1).toSorted((a, b) => a - b);
  if (tried.length === 0) {
    throw new LikenessError(
      'suggest.tooFew',
      `suggesting the number of clusters: received ${features.count} images; expected at least 8. Name it with -k.`,
    );
  }
  const rows = distinctRows(features.count, taken, randomAt(seed, 'sample', 0, 0, 1));
  const first = normaliseRows(selectRows(features, rows.slice(0, half)));
  const second = normaliseRows(selectRows(features, rows.slice(half, 2 * half)));

  const curve: KScore[] = [];
  for (const k of tried) {
    signal?.throwIfAborted();
    const options = { k, metric: 'spherical', restarts, seed, iterations: 50, signal } as const;
    const a = await kmeans(engine, first, options);
    const b = await kmeans(engine, second, options);
    const centroids = featuresOf(a.centroids, a.dimension);
    const { clusters } = await assign(engine, second, centroids);
    const separation = (await silhouette(engine, second, clusters, centroids)).mean;
    const stability = adjustedRand(clusters, b.assignments);
    curve.push({ k, separation, stability, score: Math.max(0, separation) * Math.max(0, stability) });
    onProgress?.(curve.length, tried.length);
  }
  return choose(curve, taken);
}

/** The K of the highest score (the smaller on a tie), the range around it, and the sentence. */
export function choose(curve: readonly KScore[], taken: number): SuggestedK {
  let at = 0;
  curve.forEach(({ score }, i) => {
    if (score > curve[at]!.score) at = i;
  });
  const enough = curve[at]!.score * AS_GOOD;
  let low = at;
  let high = at;
  while (low > 0 && curve[low - 1]!.score >= enough) low--;
  while (high + 1 < curve.length && curve[high + 1]!.score >= enough) high++;
  const { k, separation, stability } = curve[at]!;
  const range = [curve[low]!.k, curve[high]!.k] as const;
  const others = range[0] === range[1] ? '' : `; ${range[0]} to ${range[1]} are about as good`;
  const caution = separation < 0.1 ? ' The groups overlap strongly, so treat this as a starting point.' : '';
  return {
    best: k,
    range,
    curve,
    reason:
      `${k} clusters suggested from ${taken} images: of the numbers tried (${curve[0]!.k} to ${curve.at(-1)!.k}), it best joins ` +
      `separation of the groups (${separation.toFixed(2)} of 1) with agreement between two halves of the images ` +
      `clustered apart (${stability.toFixed(2)} of 1)${others}.${caution}`,
  };
}
