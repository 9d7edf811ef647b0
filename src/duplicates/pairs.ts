/** Pairs of images that show the same picture, from small pictures of a pixel cache. */
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import type { PixelCache } from '../data/index.ts';
import { findCandidates } from './candidates.ts';
import { breathe, type Descriptors, describeImages } from './describe.ts';
import { similarityOf } from './similarity.ts';

/** Two images by their positions, the smaller first, and their similarity up to 1. */
export interface DuplicatePair {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

/** Size of the decoded images from which descriptors are made, in pixels. */
export const DUPLICATE_SIZE = 64;
/** Lowest similarity of a pair that is stored, so that the threshold can be lowered to it. */
export const MIN_SIMILARITY = 0.5;
/** Similarity from which images count as duplicates unless another is asked for. */
export const DEFAULT_THRESHOLD = 0.9;

/** Squared distance of coarse descriptors within which a pair is compared closely. */
const WITHIN = 0.45;
/** Most candidates of an image. */
const MAX_CANDIDATES = 64;

/** Finds the pairs of described images with a similarity of at least {@link MIN_SIMILARITY}. */
export async function findPairs(
  descriptors: Descriptors,
  reporter: Reporter,
): Promise<DuplicatePair[]> {
  const options = { within: WITHIN, most: MAX_CANDIDATES };
  const candidates = await findCandidates(descriptors.coarse, options, reporter);
  const advance = beginStage(reporter, {
    ...{ stage: 'verify', text: 'comparing pairs', unit: 'pair', total: candidates.length },
  });
  const pairs: DuplicatePair[] = [];
  for (const [i, { a, b, orientation }] of candidates.entries()) {
    const similarity = similarityOf(descriptors, a, b, orientation);
    if (similarity >= MIN_SIMILARITY) pairs.push({ a, b, similarity });
    if (i % 256 !== 255) continue;
    advance(i + 1);
    await breathe(reporter.signal);
  }
  advance(candidates.length);
  return pairs;
}

/** Pairs among the images of a cache, and the images whose decoded pixels are equal. */
export interface CachePairs {
  /** Pairs of first images of `equal`, by positions in the cache. */
  readonly pairs: readonly DuplicatePair[];
  /** Positions of images with equal pixels, in rising order. Every image is in one list. */
  readonly equal: readonly (readonly number[])[];
}

/** Parts of a cache that are compared, which can be sent to a worker. */
export type ComparedCache = Pick<
  PixelCache,
  'file' | 'widths' | 'heights' | 'offsets' | 'contents'
>;

/** Finds pairs among all images of a cache. Of equal images only the first is compared. */
export async function pairsOfCache(cache: ComparedCache, reporter: Reporter): Promise<CachePairs> {
  const byContent = new Map<bigint, number[]>();
  for (const [i, content] of cache.contents.entries()) {
    const same = byContent.get(content);
    if (same) same.push(i);
    else byContent.set(content, [i]);
  }
  const equal = [...byContent.values()];
  const firsts = equal.map(([first]) => first!);
  const descriptors = await describeImages(cache, firsts, reporter);
  const found = await findPairs(descriptors, reporter);
  const pairs = found.map(({ a, b, similarity }) => ({
    ...{ a: firsts[a]!, b: firsts[b]!, similarity },
  }));
  return { pairs, equal };
}
