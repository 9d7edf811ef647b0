/**
 * Non-negative matrix factorization `X ≈ W H` by multiplicative updates, as one graph on the
 * engine.
 *
 * Minimizes `|X - W H|²` over `W [N, R] >= 0` and `H [R, D] >= 0`:
 * `H <- H * (Wᵀ X) / (Wᵀ W H)`, then `W <- W * (X Hᵀ) / (W H Hᵀ)`. No update increases the error.
 *
 * With a graph of the rows, W also minimizes `locality / 2 · Σ_ij S_ij |w_i - w_j|²`, which keeps
 * neighbors together: `W <- W * (X Hᵀ + locality S W) / (W H Hᵀ + locality D W)`, where S are the
 * weights of the graph and D their row sums. No update increases the sum.
 *
 * Sources: Lee and Seung, "Algorithms for non-negative matrix factorization", 2000; Cai, He, Wang,
 * Bao and Han, "Locality preserving nonnegative matrix factorization", 2009; Cai, He, Han and
 * Huang, "Graph regularized nonnegative matrix factorization for data representation", 2011.
 * Difference: squared errors, as in the paper of 2011, instead of the divergence of 2009.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  abortSignal,
  callback,
  checkedLater,
  numberFrom,
  optionCheck,
  wholeNumber,
} from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import {
  add,
  constant,
  div,
  gather,
  input,
  matmul,
  mean,
  mul,
  scalar,
  scatterAdd,
  sizeOf,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { type Features, featuresOf } from './features.ts';
import type { Graph } from './graph.ts';

export interface NmfOptions {
  /** Number R of parts. */
  rank: number;
  /** Updates of H and W. Default 200. */
  iterations?: number;
  /** Symmetric graph of the rows. Default: none. */
  graph?: Graph;
  /** Weight of the graph's term. Default 100, as in the paper. */
  locality?: number;
  /** Seed of the initial factors. Default 0. */
  seed?: number;
  /** Receives the number of finished updates. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkNmf = optionCheck<NmfOptions>({
  rank: checkedLater,
  iterations: wholeNumber(0),
  graph: checkedLater,
  locality: numberFrom(0),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface Nmf {
  /** `[N, R]`, W with each column multiplied by the norm of its part. */
  readonly weights: Features;
  /** `[R, D]`, H with rows of norm 1. */
  readonly parts: Features;
  /**
   * Mean of `(X - W H)²`, plus the graph's term by the number of values, before each iteration;
   * never increasing.
   */
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
  const { rank, iterations = 200, graph, locality = 100, seed = 0 } = options;
  const { onProgress, signal } = options;
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
  const { error, nextW, nextH } = nmfUpdate({ X, W, H }, graph && { graph, locality });
  const exe = await engine.compile({
    outputs: { error },
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

/**
 * Writes one update of both factors, and the error before it.
 *
 * @param X `[N, D]`
 * @param W `[N, R]`
 * @param H `[R, D]`
 */
export function nmfUpdate(
  { X, W, H }: { X: Tensor; W: Tensor; H: Tensor },
  term?: { graph: Graph; locality: number },
): { error: Tensor; nextW: Tensor; nextH: Tensor } {
  const difference = sub(X, matmul(W, H)); // [N, D]
  const squares = mean(mul(difference, difference)); // []
  const wt = transpose(W); // [R, N]
  const below = add(matmul(matmul(wt, W), H), scalar(EPSILON)); // [R, D]
  const nextH = mul(H, div(matmul(wt, X), below)); // [R, D]
  const ht = transpose(nextH); // [D, R]
  const up = matmul(X, ht); // [N, R]
  const down = matmul(W, matmul(nextH, ht)); // [N, R]
  const updated = (numerator: Tensor, denominator: Tensor) =>
    mul(W, div(numerator, add(denominator, scalar(EPSILON))));
  if (!term) return { error: squares, nextW: updated(up, down), nextH };
  const { neighborSum, degreeSum } = graphProducts(term.graph, W); // S W and D W, [N, R]
  const roughness = sum(mul(W, sub(degreeSum, neighborSum))); // []
  return {
    error: add(squares, mul(term.locality / sizeOf(X.shape), roughness)),
    nextW: updated(
      add(up, mul(term.locality, neighborSum)),
      add(down, mul(term.locality, degreeSum)),
    ),
    nextH,
  };
}

/** Writes the products of a graph's weights, and of their row sums, with `W` `[N, R]`. */
function graphProducts({ starts, columns, weights }: Graph, W: Tensor) {
  const [N, R] = W.shape as [number, number];
  const rows = new Int32Array(columns.length);
  const degrees = new Float32Array(N);
  for (let row = 0; row < N; row++) {
    for (let e = starts[row]!; e < starts[row + 1]!; e++) {
      rows[e] = row;
      degrees[row]! += weights[e]!;
    }
  }
  const E = columns.length;
  const values = mul(
    gather(W, constant(columns, [E], 'int32')),
    constant(Float32Array.from(weights), [E, 1]),
  ); // [E, R]
  const zeros = constant(new Float32Array(N * R), [N, R]);
  return {
    neighborSum: scatterAdd(zeros, constant(rows, [E], 'int32'), values), // [N, R]
    degreeSum: mul(constant(degrees, [N, 1]), W), // [N, R]
  };
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
