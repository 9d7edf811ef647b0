/**
 * Which images are doubtful: those that their cluster won by the smallest margin over the second best.
 *
 * The margin is a difference of cosines, whose usual size differs from encoder to encoder; so the limit is by default
 * a share of the images (a quantile of the margins), not a fixed margin.
 */
import { LikenessError } from '../core/errors.ts';

export interface DoubtOptions {
  /** Share of images, 0 to 1, with the smallest margins. */
  quantile?: number;
  /** A fixed margin instead: images below it are doubtful. */
  threshold?: number;
  /** What margins are differences of. */
  of?: 'cosine' | 'probability';
}

export interface Doubt {
  /** `[N]`, 1 where doubtful. */
  readonly doubtful: Uint8Array;
  readonly count: number;
  /** Images with a margin below this are doubtful. */
  readonly threshold: number;
  /** The rule in words, for the report. */
  readonly rule: string;
}

/**
 * Marks the images whose margin is below a quantile of all margins (default: the lowest tenth), or below a fixed
 * threshold. With equal margins throughout none is doubtful by the quantile.
 *
 * @example findDoubtful(Float32Array.of(0.5, 0.01, 0.4, 0.3), { threshold: 0.1 }).doubtful // [0, 1, 0, 0]
 */
export function findDoubtful(
  margins: Float32Array,
  { quantile = 0.1, threshold, of = 'cosine' }: DoubtOptions = {},
): Doubt {
  if (!(quantile >= 0 && quantile <= 1)) {
    throw new LikenessError('doubt.quantile', `doubtful: received quantile ${quantile}; expected 0 to 1`);
  }
  const sorted = margins.slice().sort();
  const limit = threshold ?? sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  const doubtful = Uint8Array.from(margins, (margin) => (margin < limit ? 1 : 0));
  const count = doubtful.reduce((sum, mark) => sum + mark, 0);
  const shown = Number(limit.toPrecision(3));
  const rule =
    threshold === undefined
      ? `Doubtful: the ${Number((quantile * 100).toPrecision(3))} % of images that are least ahead of their second-best cluster (margin below ${shown} in ${of}).`
      : `Doubtful: images less than ${shown} in ${of} ahead of their second-best cluster.`;
  return { doubtful, count, threshold: limit, rule };
}
