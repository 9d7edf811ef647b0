/**
 * Leading principal components of features of any dimension.
 *
 * Orthogonal iteration on the covariance C: `V <- orthonormal(C V)`, with products on the engine
 * and a seeded random start. Each iteration reduces the error of the subspace of the P largest
 * eigenvalues by the ratio of eigenvalue P + 8 to eigenvalue P (8 extra directions are dropped at
 * the end). A full eigendecomposition would take minutes at D = 2048.
 *
 * Source: Golub and Van Loan, "Matrix Computations", section 8.2.4; Halko, Martinsson and Tropp,
 * "Finding structure with randomness", 2011 (extra directions).
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { callback, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { input, matmul, transpose } from '../tensor/index.ts';
import { type Covariance, covariance, spectrum } from './covariance.ts';
import { columnMeans, type Features } from './features.ts';
import { type Whitening, whiten } from './pcaWhiten.ts';

export interface PrincipalOptions {
  /** Number P of components, cut to the dimension. */
  components: number;
  /** Iterations. Default 12. */
  iterations?: number;
  /** Seed of the start. Default 0. */
  seed?: number;
  /** Receives the number of finished iterations. */
  onProgress?: (done: number, of: number) => void;
}

const checkPrincipal = optionCheck<PrincipalOptions>({
  components: checkedLater,
  iterations: wholeNumber(1),
  seed: wholeNumber(0),
  onProgress: callback,
});

/** Extra directions during the iteration. */
const EXTRA_DIRECTIONS = 8;
/** Variance, as a fraction of the largest, below which an axis is rounding and becomes 0. */
const MIN_VARIANCE = 1e-7;

export interface PrincipalAxes {
  /** `[D]`, column means. */
  readonly means: Float64Array;
  /** `[P, D]`, eigenvectors of length 1 of the covariance, in descending order of eigenvalue. */
  readonly axes: Float64Array;
  /** `[P]`, eigenvalues: the variance along each axis. */
  readonly variances: Float64Array;
}

/** Projects centered features `[N, D]` onto their P leading components, `[N, P]`, not scaled. */
export async function principal(
  engine: Engine,
  features: Features,
  options: PrincipalOptions,
): Promise<Features> {
  const { means, axes, variances } = await principalAxes(engine, features, options);
  const projection = Float32Array.from(axes); // [P, D]
  const basis: Whitening = { means, projection, variances, explained: 0 };
  return whiten(engine, features, basis);
}

/**
 * Computes the P leading principal axes of features `[N, D]`.
 *
 * With fewer rows than columns the iteration runs on the Gram matrix `G = Xc Xcᵀ / N` of centered
 * rows: an eigenvector u of G gives the axis `Xcᵀ u / sqrt(N lambda)` of the same eigenvalue, and
 * the covariance, `[D, D]`, is never made.
 *
 * @throws LikenessError `principal.components` unless `components` is a whole number from 1
 */
export async function principalAxes(
  engine: Engine,
  features: Features,
  options: PrincipalOptions,
): Promise<PrincipalAxes> {
  checkPrincipal(options);
  const { components, iterations = 12, seed = 0, onProgress } = options;
  if (!Number.isInteger(components) || components < 1) {
    throw new LikenessError(
      'principal.components',
      `principal components: received ${components}; expected a whole number, 1 or more`,
    );
  }
  const { count, dimension } = features;
  const P = Math.min(components, dimension);
  const isWide = count < dimension;
  const around = isWide ? await gram(engine, features) : await covariance(engine, features);
  const width = Math.min(P + EXTRA_DIRECTIONS, around.dimension);
  const { axes, values } = await leadingAxes(engine, around, {
    ...{ width, iterations, seed },
    ...(onProgress && { onProgress }),
  });
  const variances = new Float64Array(P);
  variances.set(values.subarray(0, P));
  if (!isWide) return { means: around.means, axes: axes.slice(0, P * dimension), variances };
  return {
    means: around.means,
    axes: await axesOfRows(engine, features, { ...around, axes, variances }),
    variances,
  };
}

/** Gram matrix `Xc Xcᵀ / N`, `[N, N]`, of rows around their means `[D]`. */
async function gram(engine: Engine, features: Features): Promise<Covariance> {
  const { count, dimension } = features;
  const means = columnMeans(features);
  const x = input('x', [count, dimension]);
  const exe = await engine.compile({ outputs: { g: matmul(x, transpose(x)) } }); // [N, N]
  try {
    const { g } = await exe.run({ x: centered(features, means) }, { transfer: true });
    return {
      means,
      matrix: scaled(new Float64Array(count * count), g!, 1 / count),
      dimension: count,
    };
  } finally {
    await exe.dispose();
  }
}

/** Axes `Xcᵀ u / |Xcᵀ u|`, `[P, D]`, of the eigenvectors u `[width, N]` of the Gram matrix. */
async function axesOfRows(
  engine: Engine,
  features: Features,
  {
    means,
    axes: rows,
    variances,
  }: { means: Float64Array; axes: Float64Array; variances: Float64Array },
): Promise<Float64Array> {
  const { count, dimension } = features;
  const P = variances.length;
  const known = Math.min(P, rows.length / count);
  const [u, x] = [input('u', [known, count]), input('x', [count, dimension])];
  const exe = await engine.compile({ outputs: { v: matmul(u, x) } }); // [P, D]
  try {
    const { v } = await exe.run({
      u: Float32Array.from(rows.subarray(0, known * count)),
      x: centered(features, means),
    });
    const axes = new Float64Array(P * dimension);
    axes.set(v as Float32Array);
    for (let p = 0; p < P; p++) {
      const row = axes.subarray(p * dimension, (p + 1) * dimension);
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      const scale = variances[p]! > MIN_VARIANCE * variances[0]! ? 1 / length : 0;
      for (let d = 0; d < dimension; d++) row[d]! *= scale;
    }
    return axes;
  } finally {
    await exe.dispose();
  }
}

/** Writes values times a factor to `out`. A loop: `from` with a function is tens of times slower. */
function scaled<T extends Float32Array | Float64Array>(
  out: T,
  values: ArrayLike<number>,
  factor: number,
): T {
  for (let at = 0; at < out.length; at++) out[at] = values[at]! * factor;
  return out;
}

/** Largest absolute value. */
function largestOf(values: Float64Array): number {
  let most = 0;
  for (let at = 0; at < values.length; at++) most = Math.max(most, Math.abs(values[at]!));
  return most;
}

/** Rows around their means. */
function centered({ data, dimension }: Features, means: Float64Array): Float32Array {
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += dimension)
    for (let d = 0; d < dimension; d++) out[at + d] = data[at + d]! - means[d]!;
  return out; // [N, D]
}

/** Computes leading eigenvectors `[width, D]` and their values, in descending order. */
async function leadingAxes(
  engine: Engine,
  { matrix, dimension: D }: Covariance,
  {
    width,
    iterations,
    seed,
    onProgress,
  }: { width: number; iterations: number; seed: number } & Pick<PrincipalOptions, 'onProgress'>,
): Promise<{ axes: Float64Array; values: Float64Array }> {
  // Scaled, so that float32 neither overflows nor underflows. A zero matrix stays zero.
  const largest = largestOf(matrix) || 1;
  const c = input('c', [D, D]);
  const v = input('v', [width, D]);
  const exe = await engine.compile({ outputs: { next: matmul(v, c) }, state: [{ current: c }] }); // [width, D]
  try {
    await exe.writeState({ c: scaled(new Float32Array(D * D), matrix, 1 / largest) });
    const random = randomAt(seed, 'principalAxes');
    const axes = Float64Array.from({ length: width * D }, () => random.normal());
    orthonormalize(axes, width);
    for (let i = 0; i < iterations; i++) {
      axes.set((await exe.run({ v: Float32Array.from(axes) })).next!);
      orthonormalize(axes, width);
      onProgress?.(i + 1, iterations);
    }
    // Within the subspace, the small matrix V C Vᵀ gives the exact axes.
    const next = (await exe.run({ v: Float32Array.from(axes) })).next!; // [width, D]
    const small = new Float64Array(width * width);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        for (let d = 0; d < D; d++) small[i * width + j]! += next[i * D + d]! * axes[j * D + d]!;
    const { values, vectors } = spectrum({
      matrix: small,
      means: new Float64Array(width),
      dimension: width,
    });
    const out = new Float64Array(width * D);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        for (let d = 0; d < D; d++) out[i * D + d]! += vectors[i * width + j]! * axes[j * D + d]!;
    return { axes: out, values: values.map((value) => value * largest) };
  } finally {
    await exe.dispose();
  }
}

/**
 * Orthonormalizes rows in place (Gram-Schmidt, twice for precision). A row that vanishes becomes 0.
 */
function orthonormalize(rows: Float64Array, count: number): void {
  const D = rows.length / count;
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * D, (i + 1) * D);
    const before = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = rows.subarray(j * D, (j + 1) * D);
        let product = 0;
        for (let d = 0; d < D; d++) product += row[d]! * other[d]!;
        for (let d = 0; d < D; d++) row[d]! -= product * other[d]!;
      }
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    const scale = length > 1e-6 * before && length > 1e-30 ? 1 / length : 0;
    for (let d = 0; d < D; d++) row[d]! *= scale;
  }
}
