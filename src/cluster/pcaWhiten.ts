/**
 * PCA whitening: the leading principal components, each scaled to variance 1.
 *
 * `z = diag(lambda + epsilon)^(-1/2) V (x - mean)`, V the eigenvectors of the covariance with the largest eigenvalues.
 *
 * DeepCluster (Caron et al., 2018, arXiv 1807.05520) keeps 256 components of its features and normalises the rows
 * afterwards; faiss takes the scatter matrix undivided by N, a factor that this normalisation removes. Directions
 * whose variance is rounding (below 1e-6 of the largest) are set to 0, where faiss would blow the rounding up.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { input, matmul, transpose } from '../tensor/index.ts';
import { blockAt, blocksOf } from './blocks.ts';
import { covariance, spectrum } from './covariance.ts';
import { type Features, requireSameDimension } from './features.ts';

export interface Whitening {
  /** `[D]` */
  readonly means: Float64Array;
  /** `[P, D]`: eigenvectors divided by the root of their eigenvalue. */
  readonly projection: Float32Array;
  /** `[P]`: eigenvalues, the largest first. */
  readonly variances: Float64Array;
  /** Part of the total variance that the kept components carry, 0 to 1. */
  readonly explained: number;
}

export interface WhitenOptions {
  /** P, at most the dimension. */
  components: number;
  /** Added to each eigenvalue; faiss's default is 0. */
  epsilon?: number;
}

/** Learns the whitening of some features. */
export async function fitWhitening(
  engine: Engine,
  features: Features,
  { components, epsilon = 0 }: WhitenOptions,
): Promise<Whitening> {
  const { dimension } = features;
  if (!Number.isInteger(components) || components < 1 || components > dimension) {
    throw new LikenessError(
      'whiten.components',
      `whitening: received components = ${components}; expected a whole number from 1 to the dimension, ${dimension}`,
    );
  }
  const around = await covariance(engine, features);
  const { values, vectors } = spectrum(around);
  const projection = new Float32Array(components * dimension);
  for (let p = 0; p < components; p++) {
    const real = values[p]! > 1e-6 * values[0]!;
    const scale = real ? 1 / Math.sqrt(values[p]! + epsilon) : 0;
    for (let d = 0; d < dimension; d++) projection[p * dimension + d] = vectors[p * dimension + d]! * scale;
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

/** Whitened features, `[N, P]`. */
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
  const exe = await engine.compile({ outputs: { z: matmul(x, transpose(v)) }, state: [{ current: v }] });
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
