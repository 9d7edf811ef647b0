/**
 * PCA whitening: the leading principal components, each scaled to variance 1.
 *
 * `z = diag(lambda + epsilon)^(-1/2) V (x - mean)`; V holds the eigenvectors of the covariance with
 * the largest eigenvalues lambda.
 *
 * DeepCluster (Caron et al., 2018, arXiv:1807.05520) uses 256 components and then normalizes the
 * rows. faiss does not divide the scatter matrix by N, a factor that this normalization removes.
 * Difference: components with a variance below 1e-6 of the largest are rounding errors and become
 * 0; faiss would amplify them.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { checkedLater, numberFrom, optionCheck } from '../core/options.ts';
import { input, matmul, transpose } from '../tensor/index.ts';
import { blockAt, blocksOf } from './blocks.ts';
import { covariance, spectrum } from './covariance.ts';
import { type Features, requireSameDimension } from './features.ts';

export interface Whitening {
  /** `[D]`, column means. */
  readonly means: Float64Array;
  /** `[P, D]`, eigenvectors divided by the square root of their eigenvalue. */
  readonly projection: Float32Array;
  /** `[P]`, eigenvalues in descending order. */
  readonly variances: Float64Array;
  /** Fraction of the total variance that the components explain, 0 to 1. */
  readonly explained: number;
}

export interface WhitenOptions {
  /** Number P of components, at most the dimension. */
  components: number;
  /** Added to each eigenvalue. Default 0, as in faiss. */
  epsilon?: number;
}

const checkWhiten = optionCheck<WhitenOptions>({
  components: checkedLater,
  epsilon: numberFrom(0),
});

/** Smallest variance of a component, as a fraction of the largest. */
const MIN_VARIANCE = 1e-6;

/** Fits the whitening to features `[N, D]`. */
export async function fitWhitening(
  engine: Engine,
  features: Features,
  options: WhitenOptions,
): Promise<Whitening> {
  checkWhiten(options);
  const { components, epsilon = 0 } = options;
  const { dimension } = features;
  if (!Number.isInteger(components) || components < 1 || components > dimension) {
    throw new LikenessError(
      'whiten.components',
      `whitening: received components = ${components}; ` +
        `expected a whole number from 1 to the dimension, ${dimension}`,
    );
  }
  const around = await covariance(engine, features);
  const { values, vectors } = spectrum(around);
  const projection = new Float32Array(components * dimension);
  for (let p = 0; p < components; p++) {
    const isReal = values[p]! > MIN_VARIANCE * values[0]!;
    const scale = isReal ? 1 / Math.sqrt(values[p]! + epsilon) : 0;
    for (let d = 0; d < dimension; d++)
      projection[p * dimension + d] = vectors[p * dimension + d]! * scale;
  }
  const variances = values.slice(0, components);
  const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0);
  return {
    means: around.means,
    projection,
    variances,
    explained: sum(values) > 0 ? sum(variances) / sum(values) : 0,
  };
}

/** Whitens features `[N, D]` to `[N, P]`. */
export async function whiten(
  engine: Engine,
  features: Features,
  { means, projection }: Whitening,
): Promise<Features> {
  const { count, dimension } = features;
  const components = projection.length / dimension;
  requireSameDimension('whitening', features, { dimension: means.length });
  const blocks = blocksOf(count, dimension);
  const x = input('x', [blocks.size, dimension]);
  const v = input('v', [components, dimension]);
  const exe = await engine.compile({
    outputs: { z: matmul(x, transpose(v)) },
    state: [{ current: v }],
  });
  const data = new Float32Array(count * components);
  try {
    await exe.writeState({ v: projection });
    for (let i = 0; i < blocks.number; i++) {
      const block = blockAt(features, blocks, i);
      for (let at = 0; at < block.rows * dimension; at++) block.data[at]! -= means[at % dimension]!;
      const { z } = await exe.run({ x: block.data }, { transfer: true });
      data.set(z!.subarray(0, block.rows * components) as Float32Array, block.start * components);
    }
  } finally {
    await exe.dispose();
  }
  return { data, count, dimension: components };
}
