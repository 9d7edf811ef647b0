/**
 * Images drawn uniformly over clusters, so that a large cluster weighs no more in an epoch than a
 * small one.
 *
 * Source: Caron et al., "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018,
 * section 3.2 (trivial parametrization). As in the authors' sampler: each of the C clusters that
 * are not empty gives `floor(N / C) + 1` images, drawn without repetition where it has more than
 * that and with repetition otherwise; all are shuffled, and the first N are the epoch.
 *
 * The authors' code then reads those numbers as places in its list of images in the order of
 * clusters, not as images, so that image and label still fit but clusters are not balanced: of two
 * clusters of 2 and 4 images among six, {0, 2} and {1, 3, 4, 5}, the first is given 3/8 of the
 * epoch instead of 1/2. `variant: 'reference'` repeats that.
 */
import { type Random, randomAt } from '../core/random.ts';
import type { Variant } from './clusterSettings.ts';

export interface UniformSampleOptions {
  seed: number;
  epoch: number;
  variant: Variant;
}

/** An epoch of N images, as positions, of labels [N] (whole numbers from 0). */
export function uniformOverClusters(
  labels: ArrayLike<number>,
  { seed, epoch, variant }: UniformSampleOptions,
): Uint32Array {
  const N = labels.length;
  const clusters = membersOf(labels);
  const share = Math.floor(N / clusters.length) + 1;
  const random = randomAt(seed, 'uniformSampler', epoch);
  const drawn = new Uint32Array(share * clusters.length);
  clusters.forEach((members, c) => {
    drawn.set(draw(members, share, random), c * share);
  });
  const sample = random.shuffle(drawn).slice(0, N);
  return variant === 'reference' ? asPlacesByCluster(sample, clusters) : sample;
}

/** Positions of each cluster that is not empty, ascending; clusters by their numbers. */
function membersOf(labels: ArrayLike<number>): Uint32Array[] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const known = members.get(labels[i]!);
    if (known) known.push(i);
    else members.set(labels[i]!, [i]);
  }
  return [...members].sort(([a], [b]) => a - b).map(([, positions]) => Uint32Array.from(positions));
}

function draw(members: Uint32Array, count: number, random: Random): Uint32Array {
  if (members.length > count) return random.shuffle(members.slice()).slice(0, count);
  return Uint32Array.from({ length: count }, () => members[random.integer(members.length)]!);
}

/** Numbers read as places in the list of all images in the order of clusters. */
function asPlacesByCluster(sample: Uint32Array, clusters: readonly Uint32Array[]): Uint32Array {
  const byCluster = clusters.flatMap((members) => [...members]);
  return sample.map((place) => byCluster[place]!);
}
