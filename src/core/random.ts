/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * A draw is a pure function of a key and a counter, so a result never depends on how many workers there are, on
 * the order of work, or on where a run was resumed. Every draw in likeness is keyed by
 * a seed, a named stream and up to three numbers such as `(epoch, image, view)`.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011; constants and round
 * function from its table 2 and section 3.3. Tested against the known answers published with the paper.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const WEYL0 = 0x9e3779b9; // golden ratio
const WEYL1 = 0xbb67ae85; // sqrt(3) - 1
const ROUNDS = 10;

/** Fixed part of a stream's position. */
interface StreamSpec {
  /** First key byte. Streams of different purposes never meet. */
  readonly purpose: number;
  /** Fixed value of the position's `b`; absent: the caller chooses it. */
  readonly b?: number;
  /** Fixed value of the position's `c`; absent: the caller chooses it. */
  readonly c?: number;
}

/**
 * Named streams of random numbers. No two of them share a position, which a test checks.
 *
 * The numbers are part of every stored run: a changed number changes the results of a seed.
 */
export const streams = {
  /** First values of a parameter; `a` is the hash of its name. */
  initialize: { purpose: 1, b: 0, c: 0 },
  /** First values of DeepCluster's classifier; `a` is the epoch. */
  deepclusterClassifier: { purpose: 1, b: 1, c: 0 },
  /** Order of the images; `a` is the epoch. */
  shuffle: { purpose: 2, b: 0, c: 0 },
  /** DeepCluster's balanced draw of images; `a` is the epoch. */
  uniformSampler: { purpose: 2, b: 1, c: 0 },
  /** Augmentations; `a` is the epoch, `b` the image, `c` the view. */
  view: { purpose: 3 },
  /** Random rows that k-means starts from; `a` is the restart. */
  kmeansRandomStart: { purpose: 5, c: 1 },
  kmeansSample: { purpose: 5, c: 2 },
  /** K-means++; `a` is the restart. */
  kmeansPlusPlus: { purpose: 5, c: 3 },
  /** Clusters that give rows to empty ones; `a` is the restart, `b` the iteration. */
  kmeansDonors: { purpose: 5, c: 4 },
  leadingEigenvectors: { purpose: 5, c: 11 },
  agglomerative: { purpose: 5, c: 12 },
  nmf: { purpose: 5, c: 13 },
  /** Order of the vertices in Louvain's passes. */
  louvainOrder: { purpose: 5, c: 14 },
  /** Seeds of the clusterings between epochs; `a` is the epoch, `b` the clustering. */
  pcl: { purpose: 5, c: 16 },
  hcsc: { purpose: 5, c: 17 },
  deepcluster: { purpose: 5, c: 20 },
  deepclusterV2: { purpose: 5, c: 21 },
  propos: { purpose: 5, c: 40 },
  dec: { purpose: 5, c: 47 },
  /** Order of the linear probe's rows; `a` is the epoch. */
  probeOrder: { purpose: 6, c: 0 },
  /** Split of labeled images into training and test images; `a` is the class. */
  probeSplit: { purpose: 6, c: 1 },
  /** Few labeled images of a class; `a` is the class, `b` the draw. */
  fewLabels: { purpose: 6, c: 2 },
  /** Samples of the suggested number of clusters, and their surrogate rows; `a` is the sample. */
  suggestK: { purpose: 7, c: 1 },
  effectiveRank: { purpose: 7, c: 2 },
  neighborConsistency: { purpose: 7, c: 3 },
  suggestKParts: { purpose: 7, c: 4 },
  clusterFit: { purpose: 7, c: 5 },
  untrainedStatistics: { purpose: 7, c: 6 },
  evaluationSet: { purpose: 7, c: 7 },
  viewAgreement: { purpose: 7, c: 8 },
  principalAxes: { purpose: 7, c: 9 },
  epochSample: { purpose: 7, c: 10 },
  /** Positions of patches; `a` is the image. */
  patchPositions: { purpose: 7, b: 0, c: 20 },
  patchImages: { purpose: 7, b: 0, c: 21 },
  /** First filters of a dictionary of patches; `a` is the dictionary. */
  patchDictionary: { purpose: 7, b: 0, c: 22 },
  /** Images that are compared with color. */
  colorSample: { purpose: 7, b: 0, c: 23 },
  /** Shuffled clusters; `a` is the copy. */
  colorChance: { purpose: 7, b: 0, c: 24 },
  /** Images that color and mirroring are examined on. */
  pictureFacts: { purpose: 7, b: 0, c: 25 },
  /** Images that are searched by a view of theirs. */
  viewRetrieval: { purpose: 7, b: 0, c: 28 },
  /** Stored views or neighbors of a step on features; `a` is the epoch, `b` the step. */
  storedCrops: { purpose: 7, c: 26 },
  /** Images among which the neighbors of outliers are looked for. */
  outlierSample: { purpose: 7, b: 0, c: 27 },
  layout2d: { purpose: 7, c: 11 },
  featureMap: { purpose: 7, c: 12 },
  compareCurve: { purpose: 7, c: 13 },
  /** Negatives from InstDisc's memory bank; `a` is the step. */
  instdiscNegatives: { purpose: 7, c: 14 },
  /** Prototypes drawn as PCL's negatives; `a` is the step, `b` the clustering. */
  pclNegatives: { purpose: 7, c: 16 },
  /** Noise that ProPos adds to its queries; `a` is the step, `b` the view. */
  proposNoise: { purpose: 7, c: 40 },
  /** Bernoulli masks; `a` is the step, `b` the hash of the mask's name. */
  maskTable: { purpose: 7, c: 17 },
  maskRowShifts: { purpose: 7, c: 18 },
  maskColumnShifts: { purpose: 7, c: 19 },
  /** Masks of dropout; `a` is the step, `b` the layer. */
  dropout: { purpose: 8, c: 0 },
  /** Pairs of DCCM's information loss; `a` is the step. */
  dccmPairs: { purpose: 8, b: 0, c: 30 },
  /** First values of TURTLE's linear classifier; `a` is the step, `b` the tensor. */
  turtleClassifier: { purpose: 8, c: 1 },
  /** Seeds of the clusterings that a consensus joins; `a` is the clustering. */
  consensusMembers: { purpose: 8, b: 0, c: 2 },
  consensusImages: { purpose: 8, b: 0, c: 3 },
  /** Noise of the pixels of a view; the seed is drawn with the view. */
  viewNoise: { purpose: 10 },
  /** Noise of a VAE's code; `a` is the step, `b` the row of the batch. */
  codeNoise: { purpose: 8, c: 10 },
  /** Inputs of DCGAN's generator; `a` is the step, `b` the row of the batch. */
  generatorInput: { purpose: 8, c: 11 },
  /** Order of JULE's images; `a` is the epoch. Negatives of its triplets; `a` is the step. */
  juleOrder: { purpose: 8, b: 0, c: 20 },
  juleNegatives: { purpose: 8, b: 0, c: 21 },
  /** Data that tests and examples make. */
  synthetic: { purpose: 9 },
} as const satisfies Record<string, StreamSpec>;
export type Stream = keyof typeof streams;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * Writes one Philox4x32-10 block to `out`: four 32-bit words from a 128-bit counter and a 64-bit key.
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL0) >>> 0;
    k1 = (k1 + WEYL1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Draws at one position `(seed, stream, a, b, c)`. */
export interface Random {
  /** 32 random bits, 0 to 2^32 - 1. */
  bits(): number;
  /** Uniform in [low, high); default [0, 1), with 32 bits of resolution. */
  uniform(low?: number, high?: number): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Normal with the given mean and standard deviation (Box-Muller). */
  normal(mean?: number, deviation?: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** In-place Fisher-Yates shuffle; returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
}

/**
 * Starts the draws at `(seed, stream, a, b, c)`. A stream that fixes `b` or `c` ignores the argument.
 *
 * @example randomAt(0, 'view', 3, 1234, 1).uniform() // epoch 3, image 1234, view 1
 */
export function randomAt(seed: number, stream: Stream, a = 0, b = 0, c = 0): Random {
  const { purpose, ...fixed }: StreamSpec = streams[stream];
  const key = [seed >>> 0, ((purpose << 24) ^ Math.floor(seed / 0x100000000)) >>> 0] as const;
  const position = [a >>> 0, (fixed.b ?? b) >>> 0, (fixed.c ?? c) >>> 0] as const;
  const block = new Uint32Array(4);
  let used = 4;
  let index = 0;
  let spare: number | undefined;

  function bits(): number {
    if (used === 4) {
      philox([index++, ...position], key, block);
      used = 0;
    }
    return block[used++]!;
  }
  function uniform(low = 0, high = 1): number {
    return low + (high - low) * (bits() / 0x100000000);
  }
  function integer(n: number): number {
    return Math.floor((bits() / 0x100000000) * n);
  }
  function normal(mean = 0, deviation = 1): number {
    if (spare !== undefined) {
      const value = mean + deviation * spare;
      spare = undefined;
      return value;
    }
    // 1 - u is in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  }
  function chance(p: number): boolean {
    return uniform() < p;
  }
  function shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = integer(i + 1);
      const held = items[i];
      (items as { [index: number]: unknown })[i] = items[j];
      (items as { [index: number]: unknown })[j] = held;
    }
    return items;
  }
  return { bits, uniform, integer, normal, chance, shuffle };
}
