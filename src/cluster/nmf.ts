/**
 * Non-negative matrix factorization `X ≈ W H` by multiplicative updates, as one graph on the
 * engine.
 *
 * Minimizes `|X - W H|²` over `W [N, R] >= 0` and `H [R, D] >= 0`:
 * `H <- H * (Wᵀ X) / (Wᵀ W H)`, then `W <- W * (X Hᵀ) / (W H Hᵀ)`. No update increases the error.
 *
 * Source: Lee and Seung, "Algorithms for non-negative matrix factorization", 2000. Comparisons of
 * deep clustering use a variant with a neighbor term (Cai et al. 2009); this is the plain method.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, callback, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { add, div, input, matmul, mean, mul, scalar, sub, transpose } from '../tensor/index.ts';
import { type Features, featuresOf } from './features.ts';

export interface NmfOptions {
  /** Number R of parts. */
  rank: number;
  /** Updates of H and W. Default 200. */
  iterations?: number;
  /** Seed of the initial factors. Default 0. */
  seed?: number;
  /** Receives the number of finished updates. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkNmf = optionCheck<NmfOptions>({
  rank: checkedLater,
  iterations: wholeNumber(0),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface Nmf {
  /** `[N, R]`, W with each column multiplied by the norm of its part. */
  readonly weights: Features;
  /** `[R, D]`, H with rows of norm 1. */
  readonly parts: Features;
  /** Mean of `(X - W H)²` before each iteration; never increasing. */
  readonly errors: readonly number[];
}

/** Keeps quotients finite where a part vanishes. */
const EPSILON = 1e-9;

/**
 * Factorizes non-negative features `[N, D]`. The same seed gives the same factors.
 *
 * Throws `LikenessError` when a value is negative, or when the rank is not an integer from 1 to the
 * smaller of N and D.
 */
export async function nmf(engine: Engine, features: Features, options: NmfOptions): Promise<Nmf> {
  checkNmf(options);
  const { rank, iterations = 200, seed = 0, onProgress, signal } = options;
  const { data, count, dimension } = features;
  const most = Math.min(count, dimension);
  if (!Number.isInteger(rank) || rank < 1 || rank > most) {
    throw new LikenessError(
      'nmf.rank',
      `nmf: received rank = ${rank} for ${count} x ${dimension} values; ` +
        `expected a whole number from 1 to ${most}`,
    );
  }
  let total = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < 0) {
      throw new LikenessError(
        'nmf.negative',
        `nmf: row ${Math.floor(i / dimension)} holds ${data[i]}; expected no value below 0`,
      );
    }
    total += data[i]!;
  }
  const X = input('X', [count, dimension]);
  const W = input('W', [count, rank]);
  const H = input('H', [rank, dimension]);
  const wt = transpose(W); // [R, N]
  const difference = sub(X, matmul(W, H)); // [N, D]
  const nextH = mul(H, div(matmul(wt, X), add(matmul(matmul(wt, W), H), scalar(EPSILON)))); // [R, D]
  const ht = transpose(nextH); // [D, R]
  const nextW = mul(W, div(matmul(X, ht), add(matmul(W, matmul(nextH, ht)), scalar(EPSILON)))); // [N, R]
  const exe = await engine.compile({
    outputs: { error: mean(mul(difference, difference)) },
    state: [{ current: X }, { current: W, next: nextW }, { current: H, next: nextH }],
    name: 'nmf',
  });
  try {
    // Initially the mean of W H is about the mean of X.
    const size = Math.sqrt(total / data.length / rank);
    const drawn = (length: number, stream: number) => {
      const random = randomAt(seed, 'nmf', stream);
      return Float32Array.from({ length }, () => size * random.uniform(0.5, 1.5));
    };
    await exe.writeState({ X: data, W: drawn(count * rank, 0), H: drawn(rank * dimension, 1) });
    const errors: number[] = [];
    for (let i = 0; i < iterations; i++) {
      signal?.throwIfAborted();
      errors.push((await exe.run({})).error![0] as number);
      onProgress?.(i + 1, iterations);
    }
    const found = await exe.readState(['W', 'H']);
    return { ...balanced(found.W as Float32Array, found.H as Float32Array, rank), errors };
  } finally {
    await exe.dispose();
  }
}

/** Scales the parts to norm 1, so that weights of different parts are comparable. */
function balanced(W: Float32Array, H: Float32Array, rank: number): Pick<Nmf, 'weights' | 'parts'> {
  const dimension = H.length / rank;
  const lengths = Float64Array.from({ length: rank }, (_, r) =>
    Math.sqrt(
      H.subarray(r * dimension, (r + 1) * dimension).reduce((sum, value) => sum + value ** 2, 0),
    ),
  );
  return {
    weights: featuresOf(
      W.map((value, i) => value * lengths[i % rank]!),
      rank,
    ),
    parts: featuresOf(
      H.map((value, i) => value / (lengths[Math.floor(i / dimension)]! || 1)),
      dimension,
    ),
  };
}
