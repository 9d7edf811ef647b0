/**
 * Non-negative matrix factorisation `X ≈ W H` by multiplicative updates, as one graph on the engine.
 *
 * Minimises `|X - W H|²` over `W [N, R] >= 0`, `H [R, D] >= 0`:
 * `H <- H * (Wᵀ X) / (Wᵀ W H)`, then `W <- W * (X Hᵀ) / (W H Hᵀ)`. Neither update makes the error larger.
 *
 * Source: Lee and Seung, "Algorithms for non-negative matrix factorization", 2000. The comparisons of deep clustering use
 * a variant with a term that keeps neighbours together (Cai et al. 2009); this is the plain one.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { add, div, input, matmul, mean, mul, scalar, sub, transpose } from '../tensor/index.ts';
import { type Features, featuresOf } from './features.ts';

export interface NmfOptions {
  /** R. */
  rank: number;
  iterations?: number;
  seed?: number;
  signal?: AbortSignal;
}

export interface Nmf {
  /** W with each column multiplied by the length of its row of H: how much of each part a row holds, `[N, R]`. */
  readonly weights: Features;
  /** H with rows of length 1, `[R, D]`. */
  readonly parts: Features;
  /** Mean of `(X - W H)²` before each iteration: it never rises. */
  readonly errors: readonly number[];
}

/** Keeps quotients finite where a part has died out. */
const TINY = 1e-9;

/**
 * Factorises features without negative values; the same seed gives the same factors.
 *
 * Throws when a value is negative, or when the rank is not between 1 and the smaller of N and D.
 */
export async function nmf(
  engine: Engine,
  features: Features,
  { rank, iterations = 200, seed = 0, signal }: NmfOptions,
): Promise<Nmf> {
  const { data, count, dimension } = features;
  const most = Math.min(count, dimension);
  if (!Number.isInteger(rank) || rank < 1 || rank > most) {
    throw new LikenessError(
      'nmf.rank',
      `nmf: received rank = ${rank} for ${count} x ${dimension} values; expected a whole number from 1 to ${most}`,
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
  const nextH = mul(H, div(matmul(wt, X), add(matmul(matmul(wt, W), H), scalar(TINY)))); // [R, D]
  const ht = transpose(nextH); // [D, R]
  const nextW = mul(W, div(matmul(X, ht), add(matmul(W, matmul(nextH, ht)), scalar(TINY)))); // [N, R]
  const exe = await engine.compile({
    outputs: { error: mean(mul(difference, difference)) },
    state: [{ current: X }, { current: W, next: nextW }, { current: H, next: nextH }],
    name: 'nmf',
  });
  try {
    // W H starts at about the mean of X.
    const size = Math.sqrt(total / data.length / rank);
    const drawn = (length: number, stream: number) => {
      const random = randomAt(seed, 'cluster', stream, 0, 13);
      return Float32Array.from({ length }, () => size * random.uniform(0.5, 1.5));
    };
    await exe.writeState({ X: data, W: drawn(count * rank, 0), H: drawn(rank * dimension, 1) });
    const errors: number[] = [];
    for (let i = 0; i < iterations; i++) {
      signal?.throwIfAborted();
      errors.push((await exe.run({})).error![0] as number);
    }
    const found = await exe.readState(['W', 'H']);
    return { ...balanced(found.W as Float32Array, found.H as Float32Array, rank), errors };
  } finally {
    await exe.dispose();
  }
}

/** The same product with parts of length 1: only then can weights of different parts be compared. */
function balanced(W: Float32Array, H: Float32Array, rank: number): Pick<Nmf, 'weights' | 'parts'> {
  const dimension = H.length / rank;
  const lengths = Float64Array.from({ length: rank }, (_, r) =>
    Math.sqrt(H.subarray(r * dimension, (r + 1) * dimension).reduce((sum, value) => sum + value ** 2, 0)),
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
