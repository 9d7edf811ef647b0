/** Feature vectors of N images: what clustering and evaluation work on. Rows are samples. */
import { LikenessError } from '../core/errors.ts';

export interface Features {
  /** `[count, dimension]`, row-major. */
  readonly data: Float32Array;
  readonly count: number;
  readonly dimension: number;
}

/**
 * Features from a row-major array; refuses an empty one, a length that is no multiple of `dimension`, and values
 * that are not finite.
 *
 * @example featuresOf(Float32Array.of(1, 0, 0, 1), 2).count // 2
 */
export function featuresOf(data: Float32Array, dimension: number): Features {
  if (!Number.isInteger(dimension) || dimension < 1) {
    throw new LikenessError(
      'features.dimension',
      `features: received dimension ${dimension}; expected a whole number, 1 or more`,
    );
  }
  if (data.length === 0 || data.length % dimension !== 0) {
    throw new LikenessError(
      'features.size',
      `features: received ${data.length} values for dimension ${dimension}; expected a positive multiple of ${dimension}`,
    );
  }
  requireFinite(data, dimension);
  return { data, count: data.length / dimension, dimension };
}

/** Refuses rows that hold values that are not finite; `first`: the number of the first row, for the message. */
export function requireFinite(data: Float32Array, dimension: number, first = 0): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new LikenessError(
    'features.notFinite',
    `features: row ${first + Math.floor(at / dimension)} holds ${data[at]}; expected finite numbers. ` +
      'The encoder that made them has diverged: use an earlier checkpoint or a lower learning rate.',
  );
}

/** The rows at the given indices, copied, in their order. */
export function selectRows(features: Features, indices: ArrayLike<number>): Features {
  const { data, dimension } = features;
  const chosen = new Float32Array(indices.length * dimension);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * dimension;
    chosen.set(data.subarray(from, from + dimension), i * dimension);
  }
  return { data: chosen, count: indices.length, dimension };
}

/** Room for values that the engine's thread reads where they are: worth it where they are read more than once. */
export function sharedValues(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/** Rows divided by their Euclidean length, copied (`to`: where to); a zero row stays zero. */
export function normalizeRows(
  features: Features,
  to: Float32Array = new Float32Array(features.data.length),
): Features {
  const { data, count, dimension } = features;
  const norms = rowNorms(features);
  const unit = to;
  for (let i = 0; i < count; i++) {
    const scale = norms[i]! > 0 ? 1 / norms[i]! : 0;
    for (let d = i * dimension; d < (i + 1) * dimension; d++) unit[d] = data[d]! * scale;
  }
  return { data: unit, count, dimension };
}

/** Euclidean length of each row. */
export function rowNorms({ data, count, dimension }: Features): Float64Array {
  const norms = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let squares = 0;
    for (let d = i * dimension; d < (i + 1) * dimension; d++) squares += data[d]! * data[d]!;
    norms[i] = Math.sqrt(squares);
  }
  return norms;
}

/** Mean of each column. */
export function columnMeans({ data, count, dimension }: Features): Float64Array {
  const means = new Float64Array(dimension);
  for (let i = 0; i < data.length; i += dimension) {
    for (let d = 0; d < dimension; d++) means[d]! += data[i + d]!;
  }
  return means.map((sum) => sum / count);
}

/** Variance of each column around its mean (divided by N). */
export function columnVariances(features: Features, means = columnMeans(features)): Float64Array {
  const { data, count, dimension } = features;
  const variances = new Float64Array(dimension);
  for (let i = 0; i < data.length; i += dimension) {
    for (let d = 0; d < dimension; d++) variances[d]! += (data[i + d]! - means[d]!) ** 2;
  }
  return variances.map((sum) => sum / count);
}

/** Throws unless both have the same dimension. */
export function requireSameDimension(
  what: string,
  a: { readonly dimension: number },
  b: { readonly dimension: number },
): void {
  if (a.dimension !== b.dimension) {
    throw new LikenessError(
      'features.dimensions',
      `${what}: received features of dimension ${a.dimension} and ${b.dimension}; expected the same encoder for both`,
    );
  }
}
