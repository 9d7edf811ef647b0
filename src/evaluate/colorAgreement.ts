/**
 * Agreement of clusters with clusters of color: an answer, without labels, to whether groups of
 * images follow color.
 *
 * Figures are AMIs of two clusterings of the same images with as many clusters (0: the mean of
 * chance, 1: the same clusters), and the purity of neighbors in color. The verdict takes the
 * latter: with few clusters two clusterings by color need not be alike, but neighbors in color stay
 * together in both.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { aboveChance, ami, type NeighborLists, neighborPurity } from '../metrics/index.ts';
import type { NeighborConsistency } from './labelFree.ts';

/** Clusterings of the same images, [n] each, and the images nearest in color. */
export interface ColorClusterings {
  /** Clusters in question. */
  readonly clusters: Int32Array;
  /** K-means of the encoder's features by two further seeds. */
  readonly again: readonly [Int32Array, Int32Array];
  /** K-means of the color histogram. */
  readonly colorHistogram: Int32Array;
  /** K-means of the raw pixels. */
  readonly rawPixels: Int32Array;
  /** Nearest neighbors by the color histogram, of each image. */
  readonly neighbors: NeighborLists;
}

/** Agreement of clusters with color. */
export interface ColorFigures {
  /** Number of images that were compared. */
  readonly images: number;
  /** Number of clusters among them. */
  readonly k: number;
  /** Fraction of an image's nearest by color histogram that share its cluster. */
  readonly neighbors: NeighborConsistency;
  /** AMI with clusters of the color histogram. */
  readonly colorHistogram: number;
  /** AMI with clusters of the raw pixels, which follow where light and color lie. */
  readonly rawPixels: number;
  /** Largest AMI of `SHUFFLES` shuffled copies of the clusters with those of the histogram. */
  readonly chance: number;
  /** AMI of two clusterings of the encoder's features that differ in the seed. */
  readonly ceiling: number;
  /** AMI of the clusters of the color histogram with those of the raw pixels. */
  readonly between: number;
}

/** Shuffled copies behind `chance`: one of 20 chance agreements is larger. */
const SHUFFLES = 19;

/**
 * Compares clusters with those of color. The same seed gives the same figures.
 *
 * @throws LikenessError `color.lengths` where the clusterings are not of the same images
 */
export function colorFigures(
  { clusters, again, colorHistogram, rawPixels, neighbors }: ColorClusterings,
  { seed = 0 }: { seed?: number } = {},
): ColorFigures {
  const lengths = [clusters, ...again, colorHistogram, rawPixels].map(({ length }) => length);
  if (clusters.length === 0 || lengths.some((length) => length !== clusters.length)) {
    throw new LikenessError(
      'color.lengths',
      `color agreement: received clusterings of ${lengths.join(', ')} images; expected as many, ` +
        'and at least one, in each',
    );
  }
  const shuffled = Array.from({ length: SHUFFLES }, (_, copy) =>
    ami(randomAt(seed, 'colorChance', copy).shuffle(clusters.slice()), colorHistogram),
  );
  return {
    images: clusters.length,
    k: new Set(clusters).size,
    neighbors: neighborsOf(clusters, neighbors),
    colorHistogram: ami(clusters, colorHistogram),
    rawPixels: ami(clusters, rawPixels),
    chance: Math.max(0, ...shuffled),
    ceiling: ami(...again),
    between: ami(colorHistogram, rawPixels),
  };
}

function neighborsOf(clusters: Int32Array, neighbors: NeighborLists): NeighborConsistency {
  const { k } = neighbors;
  // A single image has no neighbors.
  if (clusters.length < 2) return { consistency: 0, chance: 0, k };
  return { ...neighborPurity(neighbors, clusters), k };
}

/** Judgment on clusters; `unknown` where the images are too few to tell. */
export type ColorVerdict = 'mostly' | 'partly' | 'not' | 'unknown';

/** Property of images that a color histogram holds: brightness alone where all are gray. */
export type ColorProperty = 'color' | 'brightness';

/** Agreement of clusters with color, with the judgment. */
export interface ColorAgreement extends ColorFigures {
  readonly verdict: ColorVerdict;
  readonly property: ColorProperty;
  /** Verdict and figures in sentences. */
  readonly text: string;
}

/**
 * Fraction of color neighbors above chance from which groups are mostly, and partly, of color.
 *
 * On four labeled sets (docs/results.md, "Agreement with color") the classes themselves have .08 to
 * .20, patch features .16 to .25, untrained and briefly trained networks .27 to .45, and groups by
 * color histogram .67 to .89. Groups above a third have a mean rank of 3.8 of 5 by NMI.
 */
const MOSTLY = 1 / 3;
/** Above the share that classes have by themselves. */
const PARTLY = 0.22;
/** Agreement by chance from which the images are too few to tell. */
const MAX_CHANCE = 0.1;

/** Judges the figures and puts them into words. */
export function colorAgreement(
  figures: ColorFigures,
  { property = 'color' }: { property?: ColorProperty } = {},
): ColorAgreement {
  const verdict = verdictOn(figures);
  return { verdict, property, text: inWords(verdict, property, figures), ...figures };
}

function verdictOn({ k, neighbors, chance }: ColorFigures): ColorVerdict {
  if (k < 2 || chance >= MAX_CHANCE) return 'unknown';
  const share = aboveChance(neighbors.consistency, neighbors.chance);
  if (share >= MOSTLY) return 'mostly';
  return share >= PARTLY ? 'partly' : 'not';
}

function inWords(verdict: ColorVerdict, property: ColorProperty, figures: ColorFigures): string {
  const { images, k, colorHistogram, rawPixels, ceiling, neighbors } = figures;
  if (verdict === 'unknown') {
    return (
      `${plural(images, 'image')} in ${plural(k, 'group')} are not enough to tell whether ` +
      `the groups follow ${property}.`
    );
  }
  return (
    `These groups are ${verdict} groups of ${property}. Of the images nearest in ${property}, ` +
    `${percent(neighbors.consistency)} share a group, where chance gives ` +
    `${percent(neighbors.chance)}. Agreement with groups by ${property} histogram is ` +
    `${shown(colorHistogram)}, with groups by raw pixels ${shown(rawPixels)} (AMI, 0 by ` +
    `chance, 1 for the same groups). Other seeds of the same features reach ${shown(ceiling)}.`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Formats an AMI, without a sign where it rounds to 0. */
function shown(value: number): string {
  return (Math.round(100 * value) / 100 || 0).toFixed(2);
}
