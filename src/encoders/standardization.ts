/** Standardization of features: each dimension with mean 0 and deviation 1 over the images. */
import { type Features, type Rows, rowsOf } from '../cluster/index.ts';
import type { Tensors } from '../formats/index.ts';

/** Mean and deviation of each dimension, [D]. */
export interface Standardization {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Names of both in the file of a run. */
const [MEAN, DEVIATION] = ['mean', 'deviation'];

/**
 * Mean and standard deviation of each dimension of rows [N, D]; a dimension that has one value
 * alone has the deviation 1. Sums are of float64.
 */
export function standardizationOf({ data, count, dimension: D }: Features): Standardization {
  const sums = new Float64Array(D);
  for (let i = 0; i < data.length; i++) sums[i % D]! += data[i]!;
  const mean = Float32Array.from(sums, (sum) => sum / count);
  const squares = new Float64Array(D);
  for (let i = 0; i < data.length; i++) squares[i % D]! += (data[i]! - mean[i % D]!) ** 2;
  const deviation = Float32Array.from(squares, (sum) => Math.sqrt(sum / count) || 1);
  return { mean, deviation };
}

/** `(x - mean) / deviation` of rows [n, D], as a new array. */
export function standardized(
  data: Float32Array,
  { mean, deviation }: Standardization,
): Float32Array {
  const D = mean.length;
  return data.map((value, i) => (value - mean[i % D]!) / deviation[i % D]!);
}

/** Rows that are standardized as they are read. */
export function standardizedRows(features: Features | Rows, by: Standardization): Rows {
  const rows = rowsOf(features);
  return { ...rows, read: async (start, count) => standardized(await rows.read(start, count), by) };
}

/** Both as tensors of a file. */
export function standardizationTensors({ mean, deviation }: Standardization): Tensors {
  const tensorOf = (data: Float32Array) =>
    ({ dtype: 'float32', shape: [data.length], data }) as const;
  return { [MEAN]: tensorOf(mean), [DEVIATION]: tensorOf(deviation) };
}

/** Reads both from tensors of a file; undefined where one is missing or of another dimension. */
export function standardizationIn(
  tensors: Tensors,
  dimension: number,
): Standardization | undefined {
  const [mean, deviation] = [tensors[MEAN]?.data, tensors[DEVIATION]?.data];
  const fits = (data: unknown): data is Float32Array =>
    data instanceof Float32Array && data.length === dimension;
  return fits(mean) && fits(deviation) ? { mean, deviation } : undefined;
}
