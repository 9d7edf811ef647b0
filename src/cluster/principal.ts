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
import { checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { input, matmul } from '../tensor/index.ts';
import { type Covariance, covariance, spectrum } from './covariance.ts';
import type { Features } from './features.ts';
import { type Whitening, whiten } from './pcaWhiten.ts';

export interface PrincipalOptions {
  /** Number P of components, cut to the dimension. */
  components: number;
  /** Iterations. Default 12. */
  iterations?: number;
  /** Seed of the start. Default 0. */
  seed?: number;
}

const checkPrincipal = optionCheck<PrincipalOptions>({
  components: checkedLater,
  iterations: wholeNumber(1),
  seed: wholeNumber(0),
});

/** Extra directions during the iteration. */
const EXTRA_DIRECTIONS = 8;

/** Projects centered features `[N, D]` onto their P leading components, `[N, P]`, not scaled. */
export async function principal(
  engine: Engine,
  features: Features,
  options: PrincipalOptions,
): Promise<Features> {
  checkPrincipal(options);
  const { components, iterations = 12, seed = 0 } = options;
  if (!Number.isInteger(components) || components < 1) {
    throw new LikenessError(
      'principal.components',
      `principal components: received ${components}; expected a whole number, 1 or more`,
    );
  }
  const around = await covariance(engine, features);
  const P = Math.min(components, features.dimension);
  const width = Math.min(P + EXTRA_DIRECTIONS, features.dimension);
  const axes = await leadingAxes(engine, around, { width, iterations, seed });
  const projection = Float32Array.from(axes.subarray(0, P * features.dimension)); // [P, D]
  const basis: Whitening = { means: around.means, projection, variances: new Float64Array(P), explained: 0 };
  return whiten(engine, features, basis);
}

/** Computes the leading eigenvectors `[width, D]` in descending order of eigenvalue. */
async function leadingAxes(
  engine: Engine,
  { matrix, dimension: D }: Covariance,
  { width, iterations, seed }: { width: number; iterations: number; seed: number },
): Promise<Float64Array> {
  // Scaled, so that float32 neither overflows nor underflows. A zero matrix stays zero.
  const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const c = input('c', [D, D]);
  const v = input('v', [width, D]);
  const exe = await engine.compile({ outputs: { next: matmul(v, c) }, state: [{ current: c }] }); // [width, D]
  try {
    await exe.writeState({ c: Float32Array.from(matrix, (value) => value / largest) });
    const random = randomAt(seed, 'principalAxes');
    const axes = Float64Array.from({ length: width * D }, () => random.normal());
    orthonormalize(axes, width);
    for (let i = 0; i < iterations; i++) {
      axes.set((await exe.run({ v: Float32Array.from(axes) })).next!);
      orthonormalize(axes, width);
    }
    // Within the subspace, the small matrix V C Vᵀ gives the exact axes.
    const next = (await exe.run({ v: Float32Array.from(axes) })).next!; // [width, D]
    const small = new Float64Array(width * width);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        for (let d = 0; d < D; d++) small[i * width + j]! += next[i * D + d]! * axes[j * D + d]!;
    const { vectors } = spectrum({ matrix: small, means: new Float64Array(width), dimension: width });
    const out = new Float64Array(width * D);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        for (let d = 0; d < D; d++) out[i * D + d]! += vectors[i * width + j]! * axes[j * D + d]!;
    return out;
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
