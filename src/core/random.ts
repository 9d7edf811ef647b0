/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * A draw is a pure function of a key and a counter, so a result never depends on how many workers there are, on
 * the order of work, or on where a run was resumed. Every draw in likeness is keyed by
 * `(seed, purpose, epoch, image, view)`.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011; constants and round
 * function from its table 2 and section 3.3. Tested against the known answers published with the paper.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const WEYL0 = 0x9e3779b9; // golden ratio
const WEYL1 = 0xbb67ae85; // sqrt(3) - 1
const ROUNDS = 10;

/** What a draw is for. Two purposes never share a stream. The numbers are part of every stored run. */
export const purposes = {
  initialise: 1,
  shuffle: 2,
  view: 3,
  queue: 4,
  cluster: 5,
  probe: 6,
  sample: 7,
  dropout: 8,
  synthetic: 9,
} as const;
export type Purpose = keyof typeof purposes;

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
 * One Philox4x32-10 block: four 32-bit words from a 128-bit counter and a 64-bit key, written to `out`.
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

/** A stream of draws at one fixed position `(seed, purpose, a, b, c)`. */
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
 * The stream at `(seed, purpose, a, b, c)`; for views `a` is the epoch, `b` the image, `c` the view.
 *
 * @example randomAt(0, 'view', 3, 1234, 1).uniform()
 */
export function randomAt(seed: number, purpose: Purpose, a = 0, b = 0, c = 0): Random {
  const key = [seed >>> 0, ((purposes[purpose] << 24) ^ Math.floor(seed / 0x100000000)) >>> 0] as const;
  const block = new Uint32Array(4);
  let used = 4;
  let index = 0;
  let spare: number | undefined;

  function bits(): number {
    if (used === 4) {
      philox([index++, a >>> 0, b >>> 0, c >>> 0], key, block);
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
