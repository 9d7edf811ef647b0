/**
 * Suggestion for the number of clusters K, from the data alone.
 *
 * 1. Samples of the features, of norm 1, are drawn. In each, rows are connected to their nearest
 *    neighbors, weighted by the neighbors that they share (`jaccardGraph`).
 * 2. Louvain communities of the graph are its groups, at resolutions γ from 1/4 to 4. A larger γ
 *    looks more closely and finds more groups.
 * 3. The assortativity r of the groups is 1 where no edge leaves its group. It is compared with
 *    that of surrogate rows with the same covariance and no groups, r0. The score
 *    (r - r0) / (1 - r0) says how much clearer groups are than by chance, at any number of groups.
 * 4. Two numbers of groups, both geometric means over the samples, come from this. The usual one is
 *    that at γ around 1/2 (the mean over .35, .5 and .7). The clearest one is that at the γ of the
 *    largest score, as in the gap statistic.
 * 5. The suggestion is the geometric mean of both. The range is from half of it to twice of it,
 *    because real groups overlap and people name finer or coarser ones. Where γ = 1/4 and γ = 1
 *    give the same number, the range is that number alone.
 * 6. Nothing is found where the largest score is below .75, and the mean score from γ = 1 on below
 *    .2 or the assortativity at γ = 1 below .65. Images of one kind have groups as well, but these
 *    run into each other.
 *
 * On labeled sets other criteria were worse: silhouette, gap statistic of k-means, prediction
 * strength, eigengaps, BIC of Gaussian mixtures, and agreement of samples, halves or random starts.
 * The page docs/suggested-k.md has the measurements. Modularity has a resolution limit, so more
 * than about 15 groups are underestimated.
 *
 * The sample size, the neighbors and γ belong together: with larger samples the same γ finds more
 * groups. The measures compare resolutions for one encoder. They do not rank encoders.
 *
 * References: Levine et al. 2015 (PhenoGraph, groups as communities of a neighbor graph); Blondel
 * et al. 2008 (Louvain); Fortunato and Barthélemy, "Resolution limit in community detection", 2007;
 * Tibshirani, Walther and Hastie, "Estimating the number of clusters via the gap statistic", 2001
 * (comparison with data without clusters). The resolutions and the factor 2 are our choice.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, callback, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { plural, showCount } from '../core/text.ts';
import { aboveChance } from '../metrics/index.ts';
import { distinctRows, type Features, normalizeRows } from './features.ts';
import { agreementOfSamples, type GroupedSample, groupSample } from './groupSample.ts';
import { pickRows, type Rows } from './rows.ts';

export interface SuggestOptions {
  /** Largest number of rows in a sample. Default 1000, for which the rule is measured. */
  sample?: number;
  /** Number of samples. Default 5. */
  samples?: number;
  /** Seed of the samples, the orders of vertices and the surrogate rows. Default 0. */
  seed?: number;
  /** Receives the number of finished samples. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkSuggest = optionCheck<SuggestOptions>({
  sample: wholeNumber(8),
  samples: wholeNumber(1),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface SuggestedK {
  /** Suggested number of clusters. */
  readonly best: number;
  /** Smallest and largest K that are about as good, at most a factor of four apart. */
  readonly range: readonly [number, number];
  /** False where no groups are found, and `best` is only a usual starting point. */
  readonly found: boolean;
  /** Groups at each resolution, by rising K. */
  readonly curve: readonly KScore[];
  /** Explanation of the choice, for people. */
  readonly reason: string;
}

/** Groups at one resolution. Values are means over the samples. */
export interface KScore {
  /** Number of groups, rounded. */
  readonly k: number;
  /** Resolution γ. */
  readonly resolution: number;
  /** Assortativity of the groups, and of groups of surrogate rows, at most 1. */
  readonly separation: number;
  readonly chance: number;
  /** ARI between the groups of a sample and those that its nearest rows of another have. */
  readonly stability: number;
  /** ARI between two orders of the vertices, at most 1. */
  readonly seedStability: number;
  /** Neighbor purity above chance, at most 1. Stored in runs under this name. */
  readonly neighbours: number;
  /** `(separation - chance) / (1 - chance)`, and at least 0. */
  readonly score: number;
}

/** Resolutions, a factor of about √2 apart. */
const RESOLUTIONS = [0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4] as const;
/** Resolutions of the usual number, and those that have to agree for a range of one number. */
const MIDDLE = [0.35, 0.5, 0.7] as const;
const CENTER = 0.5;
const COARSE = 0.25;
const FINE = 1;
/** Fraction of the rows in a sample, where there are few rows. */
const SAMPLED = 0.8;
/** Rows up to which a sample has all rows. */
const MIN_SAMPLE = 20;
/** A mean score from γ = 1 on below this is noise, or the groups within one class. */
const MIN_SCORE = 0.2;
/** Groups below which a resolution finds no more than the whole. */
const MIN_GROUPS = 1.5;
/** Assortativity at γ = 1 below which groups run into each other as within one class. */
const MIN_SEPARATION = 0.65;
/** A largest score above which groups are apart, however their own parts run into each other. */
const APART_SCORE = 0.75;
/** Below this score groups overlap as much as they do within one class, and the reason says so. */
const WEAK_SCORE = 0.4;
/** Suggestion where no number stands out, with enough images. */
const FALLBACK_K = 10;
/** Images per suggested cluster, at least. */
const MIN_PER_CLUSTER = 4;

/**
 * Suggests K for features `[N, D]`. The same seed gives the same suggestion.
 *
 * Throws `LikenessError` when there are fewer than 8 rows.
 *
 * @example
 * const { best, range, found, reason } = await suggestK(engine, features);
 */
export async function suggestK(
  engine: Engine,
  features: Features | Rows,
  options: SuggestOptions = {},
): Promise<SuggestedK> {
  checkSuggest(options);
  const { sample = 1000, samples = 5, seed = 0, onProgress, signal } = options;
  const { count } = features;
  if (count < 2 * MIN_PER_CLUSTER) {
    throw new LikenessError(
      'suggest.tooFew',
      `k: received ${plural(count, 'image')}; expected at least 8 to suggest it. Set k.`,
    );
  }
  const size = Math.min(sample, Math.max(Math.min(count, MIN_SAMPLE), Math.round(SAMPLED * count)));
  const grouped: GroupedSample[] = [];
  for (let s = 0; s < samples; s++) {
    signal?.throwIfAborted();
    const chosen = distinctRows(count, size, randomAt(seed, 'suggestK', s));
    const rows = normalizeRows(await pickRows(features, chosen));
    grouped.push(await groupSample(engine, rows, { resolutions: RESOLUTIONS, seed, sample: s }));
    onProgress?.(s + 1, samples);
  }
  const stability = await agreementOfSamples(engine, grouped);
  return choose(
    RESOLUTIONS.map((resolution, at) => {
      const levels = grouped.map(({ levels }) => levels[at]!);
      const mean = (of: (level: (typeof levels)[number]) => number) =>
        levels.reduce((sum, level) => sum + of(level), 0) / levels.length;
      const separation = mean((level) => level.separation);
      const chance = mean((level) => level.chance);
      return {
        groups: 2 ** mean((level) => Math.log2(level.groups)),
        surrogateGroups: 2 ** mean((level) => Math.log2(level.surrogateGroups)),
        ...{ resolution, separation, chance, stability: stability[at]! },
        seedStability: mean((level) => level.seedStability),
        neighbours: mean((level) => level.purity),
        score: Math.max(0, aboveChance(separation, chance)),
      };
    }),
    { count, size },
  );
}

/** Groups at one resolution, before their number is rounded. */
export type ResolutionScore = Omit<KScore, 'k'> & {
  /** Geometric mean of the numbers of groups, and of those of surrogate rows. */
  readonly groups: number;
  readonly surrogateGroups: number;
};

/** Chooses K, the range around it, and the reason, from the groups at all resolutions. */
export function choose(
  scores: readonly ResolutionScore[],
  { count, size }: { count: number; size: number },
): SuggestedK {
  const at = (resolution: number) => scores.find((score) => score.resolution === resolution)!;
  const middle = MIDDLE.map(at);
  const usual = 2 ** meanScore(middle, ({ groups }) => Math.log2(groups));
  const clearest = clearestOf(scores);
  const groups = Math.sqrt(usual * (clearest?.groups ?? usual));
  const fine = scores.filter(({ resolution }) => resolution >= FINE);
  const isAboveChance = meanScore(fine, ({ score }) => score) >= MIN_SCORE;
  const isSeparate = at(FINE).separation >= MIN_SEPARATION;
  const areApart = (clearest?.score ?? 0) >= APART_SCORE;
  const found = usual >= MIN_GROUPS && (areApart || (isAboveChance && isSeparate));
  const { separation, chance } = at(found ? CENTER : FINE);
  const most = Math.max(2, Math.floor(count / MIN_PER_CLUSTER));
  const whole = (value: number) => Math.min(most, Math.max(2, Math.round(value)));
  const best = whole(found ? groups : FALLBACK_K);
  const alone = found && whole(at(COARSE).groups) === best && whole(at(FINE).groups) === best;
  const range = alone ? ([best, best] as const) : rangeAround(found ? groups : best, whole);
  const drawn =
    size < count
      ? `samples of ${showCount(size)} of ${plural(count, 'image')}`
      : plural(count, 'image');
  const compared = `${chance.toFixed(2)} in data without groups`;
  const figures = `assortativity ${separation.toFixed(2)}, and ${compared}`;
  const others = alone
    ? 'and no other number comes near'
    : `and ${range[0]} to ${range[1]} are about as good`;
  const caution =
    meanScore(middle, ({ score }) => score) < WEAK_SCORE
      ? ' The groups overlap as strongly as they do in images of one kind, so treat this as a ' +
        'starting point.'
      : '';
  return {
    ...{ best, range, found, curve: curveOf(scores) },
    reason: found
      ? `${best} clusters suggested, ${others}. In ${drawn}, nearest neighbors form about ` +
        `${best} groups (${figures}).${caution}`
      : `No groups found, so ${best} clusters are a usual starting point. In ${drawn}, ` +
        `${isSeparate ? BY_CHANCE : RUNNING_TOGETHER} (${figures}). Any number is as good as ` +
        'another, so set k yourself.',
  };
}

const BY_CHANCE = 'nearest neighbors form hardly clearer groups than they would by chance';
const RUNNING_TOGETHER = 'groups of nearest neighbors run into each other as in images of one kind';

/**
 * Resolution with the largest score, of those where rows and surrogate rows have more than one
 * group.
 */
function clearestOf(scores: readonly ResolutionScore[]): ResolutionScore | undefined {
  const several = scores.filter(
    ({ groups, surrogateGroups }) => groups >= MIN_GROUPS && surrogateGroups >= MIN_GROUPS,
  );
  if (several.length === 0) return undefined;
  return several.reduce((a, b) => (b.score > a.score ? b : a));
}

function meanScore(
  scores: readonly ResolutionScore[],
  of: (score: ResolutionScore) => number,
): number {
  return scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
}

/** Gives half to twice the number of groups, with ends at most a factor of four apart. */
function rangeAround(groups: number, whole: (value: number) => number): readonly [number, number] {
  const low = whole(groups / 2);
  return [low, Math.min(4 * low, whole(groups * 2))];
}

/** Lists each number of groups once, at the resolution nearest to 1/2 of those that give it. */
function curveOf(scores: readonly ResolutionScore[]): KScore[] {
  const entries = new Map<number, KScore>();
  const apart = ({ resolution }: { resolution: number }) => Math.abs(Math.log(resolution / CENTER));
  for (const { groups, surrogateGroups: _, ...score } of scores) {
    const k = Math.round(groups);
    const other = entries.get(k);
    if (!other || apart(score) < apart(other)) entries.set(k, { k, ...score });
  }
  return [...entries.values()].sort((a, b) => a.k - b.k);
}
