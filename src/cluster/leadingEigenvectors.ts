/**
 * Leading eigenvectors of a large symmetric operator that is given as a matrix-vector product.
 *
 * Restarted block Krylov method: a block X spans an orthonormal basis Q of `X, A X, A² X, …`. The
 * eigenvectors of the small matrix `Qᵀ A Q`, multiplied by Q, are the best in that space (Rayleigh
 * and Ritz), and the leading ones are the next X. A block finds repeated eigenvalues, which a graph
 * with several components has and a single vector would miss.
 *
 * Source: Saad, "Numerical methods for large eigenvalue problems", 2011, chapters 4 and 6.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { LikenessError } from '../core/errors.ts';
import {
  abortSignal,
  checkedLater,
  numberFrom,
  optionCheck,
  wholeNumber,
} from '../core/options.ts';
import { randomAt } from '../core/random.ts';

export interface EigenOptions {
  /** Dimension n of the operator. */
  size: number;
  /** Number of eigenvectors. */
  count: number;
  /** Seed of the first block. Default 0. */
  seed?: number;
  /**
   * Stops when every residual `|A v - lambda v|` is at most this fraction of the largest
   * eigenvalue.
   */
  tolerance?: number;
  /** Largest number of restarts. Default 30. */
  restarts?: number;
  signal?: AbortSignal;
}

const checkEigen = optionCheck<EigenOptions>({
  size: wholeNumber(1),
  count: checkedLater,
  seed: wholeNumber(0),
  tolerance: numberFrom(0),
  restarts: wholeNumber(0),
  signal: abortSignal,
});

export interface LeadingEigenvectors {
  /** In descending order. */
  readonly values: Float64Array;
  /** Eigenvectors of the values, of norm 1. */
  readonly vectors: readonly Float64Array[];
  /** Largest residual, as a fraction of the largest eigenvalue. */
  readonly residual: number;
}

/** Extra vectors in the block, which let the last requested ones converge. */
const GUARD = 4;
/** Blocks per basis. */
const DEPTH = 8;
/** Norm below which the remainder of a projection is rounding. */
const MIN_NORM = 1e-10;

/**
 * Computes the eigenvectors with the largest eigenvalues. The same seed gives the same vectors.
 *
 * @param apply returns `A v` for a vector v, `[n]`
 * @throws LikenessError `eigen.count` when `count` is not an integer from 1 to n
 */
export function leadingEigenvectors(
  apply: (vector: Float64Array) => Float64Array,
  options: EigenOptions,
): LeadingEigenvectors {
  checkEigen(options);
  const { size, count, seed = 0, tolerance = 1e-5, restarts = 30, signal } = options;
  if (!Number.isInteger(count) || count < 1 || count > size) {
    throw new LikenessError(
      'eigen.count',
      `eigenvectors: received count = ${count} for a matrix of ${size} rows; ` +
        `expected a whole number from 1 to ${size}`,
    );
  }
  const width = Math.min(size, count + GUARD);
  const random = randomAt(seed, 'leadingEigenvectors');
  let block = Array.from({ length: width }, () =>
    Float64Array.from({ length: size }, () => random.normal()),
  );
  let best: LeadingEigenvectors | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    signal?.throwIfAborted();
    const basis: Float64Array[] = [];
    const images: Float64Array[] = []; // A q for each q
    for (let depth = 0; depth < DEPTH && block.length > 0; depth++) {
      const from = basis.length;
      for (const vector of block) {
        const fresh = orthonormalTo(basis, vector);
        if (fresh) basis.push(fresh);
      }
      for (const vector of basis.slice(from)) images.push(apply(vector));
      block = images.slice(from).map((image) => image.slice());
    }
    const ritz = ritzPairs(basis, images, width);
    const scale = Math.max(...ritz.values.map(Math.abs), Number.MIN_VALUE);
    const residual = Math.max(...ritz.residuals.slice(0, count)) / scale;
    best = { values: ritz.values.slice(0, count), vectors: ritz.vectors.slice(0, count), residual };
    if (residual <= tolerance) break;
    block = ritz.vectors;
  }
  return best!;
}

/**
 * Projects a vector to the orthogonal complement of a basis, at norm 1; undefined if it vanishes.
 */
function orthonormalTo(
  basis: readonly Float64Array[],
  vector: Float64Array,
): Float64Array | undefined {
  const left = scaled(vector);
  if (!left) return undefined;
  // The second pass removes the rounding errors of the first.
  for (let pass = 0; pass < 2; pass++) {
    for (const q of basis) {
      const along = dot(q, left);
      for (let i = 0; i < left.length; i++) left[i]! -= along * q[i]!;
    }
  }
  return scaled(left);
}

function scaled(vector: Float64Array): Float64Array | undefined {
  const length = Math.sqrt(dot(vector, vector));
  return length > MIN_NORM ? vector.map((value) => value / length) : undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Computes the eigenvectors of `Qᵀ A Q`, multiplied by Q, in descending order of eigenvalue. */
function ritzPairs(basis: readonly Float64Array[], images: readonly Float64Array[], width: number) {
  const m = basis.length;
  const small = Matrix.zeros(m, m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      const value = (dot(basis[i]!, images[j]!) + dot(basis[j]!, images[i]!)) / 2;
      small.set(i, j, value);
      small.set(j, i, value);
    }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(small, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, i) => i)
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
    .slice(0, width);
  const combined = (vectors: readonly Float64Array[], column: number) => {
    const out = new Float64Array(vectors[0]!.length);
    vectors.forEach((vector, i) => {
      const weight = eigenvectorMatrix.get(i, column);
      for (let d = 0; d < out.length; d++) out[d]! += weight * vector[d]!;
    });
    return out;
  };
  const values = Float64Array.from(order, (i) => realEigenvalues[i]!);
  const vectors = order.map((column) => combined(basis, column));
  const residuals = order.map((column, at) => {
    const image = combined(images, column);
    const own = vectors[at]!;
    return Math.sqrt(
      image.reduce((sum, value, i) => sum + (value - values[at]! * own[i]!) ** 2, 0),
    );
  });
  return { values, vectors, residuals };
}
