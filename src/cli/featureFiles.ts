/** Features as files for other programs: which format a file name asks for, and what each carries. */
import { extname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import {
  csvChunks,
  encodeNpy,
  encodeParquet,
  encodeSafetensors,
  type StoredTensor,
  writeFileAtomic,
} from '../formats/index.ts';

export interface FeatureTable {
  /** [N], paths relative to the source. */
  readonly ids: readonly string[];
  /** [N, D] row-major. */
  readonly data: Float32Array;
  readonly dimension: number;
  /** [N], -1 where unlabelled; absent where nothing has a label. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
  /** Where the features are from, for formats that can say so. */
  readonly about: Readonly<Record<string, string>>;
}

export const featureFormats = ['npy', 'parquet', 'safetensors', 'csv'] as const;
export type FeatureFormat = (typeof featureFormats)[number];

/** The format that a file's extension names. */
export function featureFormatOf(file: string): FeatureFormat {
  const extension = extname(file).slice(1).toLowerCase();
  const format = featureFormats.find((name) => name === extension);
  if (!format) {
    throw new LikenessError(
      'out.format',
      `--out: received "${file}"; expected a name that ends in ${featureFormats.map((name) => `.${name}`).join(', ')}`,
    );
  }
  return format;
}

/** Writes the table; returns every file written. A .npy holds numbers alone, so ids and labels go beside it. */
export async function writeFeatures(file: string, table: FeatureTable): Promise<string[]> {
  const { ids, data, dimension, labels } = table;
  switch (featureFormatOf(file)) {
    case 'npy': {
      const beside = `${file}.ids.csv`;
      await writeFileAtomic(file, encodeNpy({ shape: [ids.length, dimension], data }));
      await writeFileAtomic(beside, csvChunks(['id', 'label'], rowsOf(table, 'without')));
      return [file, beside];
    }
    case 'parquet':
      await writeFileAtomic(file, encodeParquet({ ids, features: data, dimensions: dimension, labels }));
      return [file];
    case 'safetensors':
      await writeFileAtomic(file, encodeSafetensors(tensorsOf(table), metadataOf(table)));
      return [file];
    case 'csv': {
      const header = ['id', 'label', ...Array.from({ length: dimension }, (_, d) => `f${d}`)];
      await writeFileAtomic(file, csvChunks(header, rowsOf(table, 'with')));
      return [file];
    }
  }
}

/** Rows of id, label name, and the feature where it is wanted, in digits that give back the same float32. */
function* rowsOf({ ids, data, dimension, labels, labelNames }: FeatureTable, numbers: 'with' | 'without') {
  for (const [i, id] of ids.entries()) {
    const label = labels?.[i] ?? -1;
    const row: (string | number | undefined)[] = [id, label < 0 ? undefined : (labelNames?.[label] ?? label)];
    if (numbers === 'with') {
      for (let d = i * dimension; d < (i + 1) * dimension; d++) row.push(Number(data[d]!.toPrecision(9)));
    }
    yield row;
  }
}

function tensorsOf({ ids, data, dimension, labels }: FeatureTable): Record<string, StoredTensor> {
  const features: StoredTensor = { dtype: 'float32', shape: [ids.length, dimension], data };
  return labels ? { features, labels: { dtype: 'int32', shape: [ids.length], data: labels } } : { features };
}

function metadataOf({ ids, labelNames, about }: FeatureTable): Record<string, string> {
  return {
    ...about,
    ids: JSON.stringify(ids),
    ...(labelNames && { labelNames: JSON.stringify(labelNames) }),
  };
}
