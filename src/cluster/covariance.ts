/** Covariance of features and its eigendecomposition, for PCA whitening and the effective rank. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Engine } from '../backends/index.ts';
import { oneOf, optionCheck } from '../core/options.ts';
import { input, matmul, transpose } from '../tensor/index.ts';
import { blockAt, blocksOf } from './blocks.ts';
import { columnMeans, type Features } from './features.ts';

export interface Covariance {
  /** `[D]` */
  readonly means: Float64Array;
  /** `[D, D]`, divided by N. */
  readonly matrix: Float64Array;
  readonly dimension: number;
}

export interface CovarianceOptions {
  /** Point around which products are summed. Default `'mean'`. */
  around?: 'mean' | 'origin';
}

const checkCovariance = optionCheck<CovarianceOptions>({ around: oneOf(['mean', 'origin']) });

/**
 * Computes `(X - mean)ᵀ (X - mean) / N`: products on the engine, sums of blocks in float64.
 *
 * With `around: 'origin'` the mean is not subtracted, which gives second moments.
 */
export async function covariance(
  engine: Engine,
  features: Features,
  options: CovarianceOptions = {},
): Promise<Covariance> {
  checkCovariance(options);
  const { around = 'mean' } = options;
  const { count, dimension } = features;
  const means = around === 'mean' ? columnMeans(features) : new Float64Array(dimension);
  const blocks = blocksOf(count, dimension);
  const x = input('x', [blocks.size, dimension]);
  const exe = await engine.compile({ outputs: { product: matmul(transpose(x), x) } });
  const matrix = new Float64Array(dimension * dimension);
  try {
    for (let i = 0; i < blocks.number; i++) {
      const block = blockAt(features, blocks, i);
      for (let at = 0; at < block.rows * dimension; at++) block.data[at]! -= means[at % dimension]!;
      const { product } = await exe.run({ x: block.data }, { transfer: true });
      for (let at = 0; at < matrix.length; at++) matrix[at]! += product![at]! / count;
    }
  } finally {
    await exe.dispose();
  }
  return { means, matrix, dimension };
}

export interface Spectrum {
  /** Eigenvalues in descending order, clipped at 0. */
  readonly values: Float64Array;
  /** `[D, D]`, eigenvectors as rows; the largest coordinate of each is positive. */
  readonly vectors: Float64Array;
}

/** Computes the eigendecomposition of a covariance matrix, in about two seconds at D = 512. */
export function spectrum({ matrix, dimension }: Covariance): Spectrum {
  const symmetric = Matrix.zeros(dimension, dimension);
  for (let i = 0; i < dimension; i++)
    for (let j = 0; j < dimension; j++)
      symmetric.set(i, j, (matrix[i * dimension + j]! + matrix[j * dimension + i]!) / 2);
  const decomposition = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const raw = decomposition.realEigenvalues;
  const order = Array.from(raw, (_, i) => i).sort((a, b) => raw[b]! - raw[a]!);
  const values = Float64Array.from(order, (i) => Math.max(0, raw[i]!));
  const vectors = new Float64Array(dimension * dimension);
  order.forEach((column, row) => {
    let largest = 0;
    for (let d = 0; d < dimension; d++) {
      const value = decomposition.eigenvectorMatrix.get(d, column);
      vectors[row * dimension + d] = value;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    // The sign of an eigenvector is arbitrary. Fixing it makes results reproducible.
    if (largest < 0) for (let d = 0; d < dimension; d++) vectors[row * dimension + d]! *= -1;
  });
  return { values, vectors };
}
