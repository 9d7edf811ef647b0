/** Feature matrices: rows are samples. Clustering and evaluation receive them. */
import { LikenessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';

export interface Features {
  /** `[count, dimension]`, row-major. */
  readonly data: Float32Array;
  readonly count: number;
  readonly dimension: number;
}

/** Features, or plain rows of equal length, one per sample. */
export type FeatureInput = Features | readonly ArrayLike<number>[];

/**
 * Converts plain rows to features; features pass through unchanged.
 *
 * Throws `LikenessError` when there are no rows, when rows differ in length, or when a value is not
 * finite.
 *
 * @example toFeatures([[1, 0], [0, 1], [1, 1]]).count // 3
 */
export function toFeatures(rows: FeatureInput): Features {
  if ('data' in rows) return rows;
  const dimension = rows[0]?.length ?? 0;
  const odd = rows.findIndex((row) => row.length !== dimension);
  if (rows.length === 0 || dimension === 0 || odd > 0) {
    const received =
      odd > 0 ? `${rows[odd]!.length} values in row ${odd}` : `${rows.length} rows of ${dimension}`;
    throw new LikenessError(
      'features.rows',
      `features: received ${received}; expected one or more rows of ` +
        `${odd > 0 ? dimension : 'one or more'} values each`,
    );
  }
  const data = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    data.set(row, i * dimension);
  });
  return featuresOf(data, dimension);
}

/**
 * Makes features of a row-major array, without a copy.
 *
 * Throws `LikenessError` when the array is empty, when its length is not a multiple of `dimension`,
 * or when a value is not finite.
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
      `features: received ${data.length} values for dimension ${dimension}; ` +
        `expected a positive multiple of ${dimension}`,
    );
  }
  requireFinite(data, dimension);
  return { data, count: data.length / dimension, dimension };
}

/** Throws unless all values are finite. `first` is the index of the first row, for the message. */
export function requireFinite(data: Float32Array, dimension: number, first = 0): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new LikenessError(
    'features.notFinite',
    `features: row ${first + Math.floor(at / dimension)} holds ${data[at]}; ` +
      'expected finite numbers. If an encoder computed them, its training has diverged. ' +
      'Use an earlier checkpoint or a lower learning rate.',
  );
}

/** Draws `count` distinct integers below `n`, in random order. */
export function distinctRows(n: number, count: number, random: Random): Int32Array {
  return random.shuffle(Int32Array.from({ length: n }, (_, i) => i)).slice(0, count);
}

/** Copies the rows at the given indices, in their order. */
export function selectRows(features: Features, indices: ArrayLike<number>): Features {
  const { data, dimension } = features;
  const chosen = new Float32Array(indices.length * dimension);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * dimension;
    chosen.set(data.subarray(from, from + dimension), i * dimension);
  }
  return { data: chosen, count: indices.length, dimension };
}

/**
 * Allocates shared memory, which the engine's thread reads without a copy. Pays off for repeated
 * reads.
 */
export function sharedValues(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/**
 * Divides each row by its Euclidean norm, into `to` (default: a new array). Zero rows stay zero.
 */
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

/** Euclidean norm of each row, `[N]`. */
export function rowNorms({ data, count, dimension }: Features): Float64Array {
  const norms = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let squares = 0;
    for (let d = i * dimension; d < (i + 1) * dimension; d++) squares += data[d]! * data[d]!;
    norms[i] = Math.sqrt(squares);
  }
  return norms;
}

/** Mean of each column, `[D]`. */
export function columnMeans({ data, count, dimension }: Features): Float64Array {
  const means = new Float64Array(dimension);
  for (let i = 0; i < data.length; i += dimension) {
    for (let d = 0; d < dimension; d++) means[d]! += data[i + d]!;
  }
  return means.map((sum) => sum / count);
}

/** Subtracts the mean. Distances stay the same; float32 products lose fewer digits. */
export function withoutMean(features: Features): Features {
  const means = columnMeans(features);
  const { data, count, dimension } = features;
  return { data: data.map((value, i) => value - means[i % dimension]!), count, dimension };
}

/** Variance of each column, `[D]`, divided by N. */
export function columnVariances(features: Features, means = columnMeans(features)): Float64Array {
  const { data, count, dimension } = features;
  const variances = new Float64Array(dimension);
  for (let i = 0; i < data.length; i += dimension) {
    for (let d = 0; d < dimension; d++) variances[d]! += (data[i + d]! - means[d]!) ** 2;
  }
  return variances.map((sum) => sum / count);
}

/** Throws unless both feature matrices have the same dimension. */
export function requireSameDimension(
  what: string,
  a: { readonly dimension: number },
  b: { readonly dimension: number },
): void {
  if (a.dimension !== b.dimension) {
    throw new LikenessError(
      'features.dimensions',
      `${what}: received features of dimension ${a.dimension} and ${b.dimension}; ` +
        'expected the same encoder for both',
    );
  }
}
