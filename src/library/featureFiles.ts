/** Feature files for other programs. */
import { extname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import {
  csvChunks,
  csvPath,
  csvRow,
  csvText,
  npyStream,
  parquetStream,
  type StreamedTensor,
  safetensorsStream,
  writeFileAtomic,
  writeProjector,
} from '../formats/index.ts';

export interface FeatureTable {
  /** [N], paths relative to the source. */
  readonly ids: readonly string[];
  readonly dimension: number;
  /** [N], -1 without a label; absent where no image has one. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
  /** Origin of the features, for formats with metadata. */
  readonly about: Readonly<Record<string, string>>;
}

export const featureFormats = ['npy', 'parquet', 'safetensors', 'csv', 'tsv'] as const;
export type FeatureFormat = (typeof featureFormats)[number];

/** Finds the format by the file's extension. */
export function featureFormatOf(file: string): FeatureFormat {
  const extension = extname(file).slice(1).toLowerCase();
  const format = featureFormats.find((name) => name === extension);
  if (!format) {
    throw new LikenessError(
      'out.format',
      `out: received "${file}"; expected a name that ends in ` +
        `${featureFormats.map((name) => `.${name}`).join(', ')}`,
    );
  }
  return format;
}

/**
 * Writes the table with features [N, D], given as arrays of whole rows in order; returns every
 * written file.
 *
 * A .npy file holds numbers alone, so ids and labels go into `<file>.ids.csv`. A .tsv file is for
 * TensorBoard's projector, whose metadata and configuration lie beside it.
 *
 * @throws LikenessError `write.*`, and whatever `features` throws; no file appears then.
 */
export async function writeFeatures(
  file: string,
  table: FeatureTable,
  features: AsyncIterable<Float32Array>,
): Promise<string[]> {
  const { ids, dimension, labels } = table;
  const shape = [ids.length, dimension];
  switch (featureFormatOf(file)) {
    case 'npy': {
      const beside = `${file}.ids.csv`;
      await writeFileAtomic(file, npyStream(shape, features));
      await writeFileAtomic(beside, csvChunks(['id', 'label'], names(table)));
      return [file, beside];
    }
    case 'parquet':
      await writeFileAtomic(file, parquetStream(parquetOf(table), features));
      return [file];
    case 'safetensors': {
      const tensors: Record<string, StreamedTensor> = {
        features: { dtype: 'float32', shape, pieces: features },
        ...(labels && { labels: { dtype: 'int32', shape: [ids.length], pieces: [labels] } }),
      };
      await writeFileAtomic(file, safetensorsStream(tensors, metadataOf(table)));
      return [file];
    }
    case 'csv':
      await writeFileAtomic(file, csvStream(table, features));
      return [file];
    case 'tsv':
      return writeProjector(file, { dimension, ...columnsOf(table) }, features);
  }
}

/** Ids, labels and names of the labels, as columns. */
function parquetOf({ ids, dimension, labels, labelNames }: FeatureTable) {
  return { ids, dimensions: dimension, labels, ...(labels && { labelNames }) };
}

/** Columns of the metadata: ids and, where there are any, names of labels. */
function columnsOf(table: FeatureTable): { columns: string[]; rows: Iterable<string[]> } {
  const columns = table.labels ? ['id', 'label'] : ['id'];
  function* rows() {
    for (const row of names(table))
      yield row.slice(0, columns.length).map((at) => String(at ?? ''));
  }
  return { columns, rows: rows() };
}

/** Yields id and label name of each image. */
function* names({
  ids,
  labels,
  labelNames,
}: FeatureTable): Generator<(string | number | undefined)[]> {
  for (const [i, id] of ids.entries()) {
    const label = labels?.[i] ?? -1;
    const name = labelNames?.[label];
    yield [csvPath(id), label < 0 ? undefined : name === undefined ? label : csvText(name)];
  }
}

/**
 * Yields rows of id, label name, and the feature with enough digits to restore the same float32.
 */
async function* csvStream(table: FeatureTable, features: AsyncIterable<Float32Array>) {
  const { dimension } = table;
  yield csvRow(['id', 'label', ...Array.from({ length: dimension }, (_, d) => `f${d}`)]);
  const name = names(table);
  for await (const part of features) {
    let text = '';
    for (let at = 0; at < part.length; at += dimension) {
      const numbers = Array.from(part.subarray(at, at + dimension), (value) =>
        Number(value.toPrecision(9)),
      );
      text += csvRow([...name.next().value!, ...numbers]);
    }
    yield text;
  }
}

function metadataOf({ ids, labelNames, about }: FeatureTable): Record<string, string> {
  return {
    ...about,
    ids: JSON.stringify(ids),
    ...(labelNames && { labelNames: JSON.stringify(labelNames) }),
  };
}
