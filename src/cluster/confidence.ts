/**
 * Doubtful images: those with the smallest margin between their best and second-best cluster.
 *
 * The margin is a difference of cosines, and its usual size depends on the encoder. So the limit is
 * a quantile of the margins by default, not a fixed margin.
 */
import { LikenessError } from '../core/errors.ts';
import { checkedLater, oneOf, optionCheck } from '../core/options.ts';

export interface DoubtOptions {
  /** Fraction of images, 0 to 1, with the smallest margins. Default 0.1. */
  quantile?: number;
  /** Fixed margin instead of a quantile; images below it are doubtful. */
  threshold?: number;
  /** Quantity whose difference the margin is. Default `'cosine'`. */
  of?: 'cosine' | 'probability';
}

const checkDoubt = optionCheck<DoubtOptions>({
  quantile: checkedLater,
  threshold: checkedLater,
  of: oneOf(['cosine', 'probability']),
});

export interface Doubt {
  /** `[N]`, 1 for doubtful images. */
  readonly doubtful: Uint8Array;
  readonly count: number;
  /** Images with a margin below this are doubtful. */
  readonly threshold: number;
  /** Description of the rule, for the report. */
  readonly rule: string;
}

/**
 * Marks the images whose margin is below a quantile of all margins, or below a fixed threshold. If
 * all margins are equal, the quantile marks none.
 *
 * @example
 * const margins = Float32Array.of(0.5, 0.01, 0.4, 0.3);
 * findDoubtful(margins, { threshold: 0.1 }).doubtful; // [0, 1, 0, 0]
 */
export function findDoubtful(margins: Float32Array, options: DoubtOptions = {}): Doubt {
  checkDoubt(options);
  const { quantile = 0.1, threshold, of = 'cosine' } = options;
  if (!(quantile >= 0 && quantile <= 1)) {
    throw new LikenessError(
      'doubt.quantile',
      `doubtful: received quantile ${quantile}; expected 0 to 1`,
    );
  }
  const sorted = margins.slice().sort();
  const limit =
    threshold ?? sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  const doubtful = Uint8Array.from(margins, (margin) => (margin < limit ? 1 : 0));
  const count = doubtful.reduce((sum, mark) => sum + mark, 0);
  const shown = Number(limit.toPrecision(3));
  const percent = Number((quantile * 100).toPrecision(3));
  const rule =
    threshold === undefined
      ? `Doubtful: the ${percent} % of images with the smallest margin over their second-best ` +
        `cluster (below ${shown} in ${of}).`
      : `Doubtful: images with a margin below ${shown} in ${of} over their second-best cluster.`;
  return { doubtful, count, threshold: limit, rule };
}
