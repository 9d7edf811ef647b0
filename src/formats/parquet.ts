/**
 * Features as Apache Parquet: one row per image with `id`, `label`, `label_name`, `cluster` and the
 * feature.
 *
 * The feature is a list column `embedding` (three-level LIST of required floats, as pandas, DuckDB,
 * Polars and Arrow read it) or one float column per dimension, `f0` to `f{D-1}`.
 */
import type { SchemaElement } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { LikenessError } from '../core/errors.ts';
import { regrouped } from './inPieces.ts';

export interface EmbeddingTable {
  /** [N], for example paths relative to the source. */
  readonly ids: readonly string[];
  /** [N, D] row-major. */
  readonly features: Float32Array;
  /** D. */
  readonly dimensions: number;
  /** [N]; negative means unlabeled and becomes null. */
  readonly labels?: Int32Array;
  /** Names of the labels, for a column `label_name`. */
  readonly labelNames?: readonly string[];
  /** [N]. */
  readonly clusters?: Int32Array;
}

export interface ParquetOptions {
  /** `list` is one column `embedding`, `columns` is `f0` to `f{D-1}`. Default: `list`. */
  readonly layout?: 'list' | 'columns';
}

/** Numbers per row group. Limits the writer's level arrays to about 100 MB. */
const VALUES_PER_GROUP = 2_000_000;

/**
 * Encodes a Parquet file with one row per image.
 *
 * @throws LikenessError `tensor.shape` if ids, features, labels and clusters do not have N rows
 * each.
 */
export function encodeParquet(table: EmbeddingTable, options: ParquetOptions = {}): Uint8Array {
  const { ids, features, dimensions: D } = table;
  checkRows('features', features.length, ids.length * D, `${ids.length} x ${D}`);
  const file = openGroups(table, options);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < ids.length; start += file.groupRows) {
    pieces.push(file.group(start, features.subarray(start * D, (start + file.groupRows) * D)));
  }
  pieces.push(file.end());
  const bytes = Buffer.concat(pieces);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Encodes the file from a stream of features: arrays of whole rows [n, D], in order.
 *
 * @throws LikenessError `tensor.shape`
 */
export async function* parquetStream(
  table: Omit<EmbeddingTable, 'features'>,
  features: AsyncIterable<Float32Array>,
  options: ParquetOptions = {},
): AsyncGenerator<Uint8Array> {
  const N = table.ids.length;
  const D = table.dimensions;
  const file = openGroups(table, options);
  let values = 0;
  for await (const group of regrouped(features, file.groupRows * D)) {
    const start = values / D;
    values += group.length;
    if (values > N * D) break;
    yield file.group(start, group);
  }
  checkRows('features', values, N * D, `${N} x ${D}`);
  yield file.end();
}

/** Writer of one row group at a time. Each call returns the next bytes. */
function openGroups(
  table: Omit<EmbeddingTable, 'features'>,
  { layout = 'list' }: ParquetOptions,
): {
  groupRows: number;
  group(start: number, features: Float32Array): Uint8Array;
  end(): Uint8Array;
} {
  const { ids, dimensions: D, labels, labelNames, clusters } = table;
  if (labels) checkRows('labels', labels.length, ids.length, String(ids.length));
  if (clusters) checkRows('clusters', clusters.length, ids.length, String(ids.length));
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: schemaOf(table, layout),
    createdBy: 'likeness',
  });
  function taken(): Uint8Array {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  }
  return {
    groupRows: Math.max(1, Math.floor(VALUES_PER_GROUP / Math.max(1, D))),
    group(start, features) {
      const rows = features.length / D;
      const columnData: { name: string; data: unknown[] | Float32Array | Int32Array }[] = [
        { name: 'id', data: ids.slice(start, start + rows) },
      ];
      if (labels) {
        columnData.push({
          name: 'label',
          data: Array.from(labels.subarray(start, start + rows), (label) =>
            label < 0 ? null : label,
          ),
        });
      }
      if (labels && labelNames) {
        const names = Array.from(
          labels.subarray(start, start + rows),
          (label) => labelNames[label] ?? null,
        );
        columnData.push({ name: 'label_name', data: names });
      }
      if (clusters) columnData.push({ name: 'cluster', data: clusters.slice(start, start + rows) });
      columnData.push(...featureColumns(features, D, layout));
      parquet.write({ columnData, rowGroupSize: rows });
      return taken();
    },
    end() {
      parquet.finish();
      return taken();
    },
  };
}

function featureColumns(features: Float32Array, D: number, layout: 'list' | 'columns') {
  const rows = features.length / D;
  if (layout === 'list') {
    const data = Array.from({ length: rows }, (_, row) =>
      Array.from(features.subarray(row * D, (row + 1) * D)),
    );
    return [{ name: 'embedding', data }];
  }
  return Array.from({ length: D }, (_, d) => ({
    name: `f${d}`,
    data: Float32Array.from({ length: rows }, (_, row) => features[row * D + d]!),
  }));
}

function schemaOf(
  table: Omit<EmbeddingTable, 'features'>,
  layout: 'list' | 'columns',
): SchemaElement[] {
  const columns: SchemaElement[][] = [
    [{ name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }],
  ];
  if (table.labels) columns.push([{ name: 'label', type: 'INT32', repetition_type: 'OPTIONAL' }]);
  if (table.labels && table.labelNames) {
    const text = {
      type: 'BYTE_ARRAY',
      converted_type: 'UTF8',
      repetition_type: 'OPTIONAL',
    } as const;
    columns.push([{ name: 'label_name', ...text }]);
  }
  if (table.clusters)
    columns.push([{ name: 'cluster', type: 'INT32', repetition_type: 'REQUIRED' }]);
  if (layout === 'list') {
    columns.push([
      { name: 'embedding', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ]);
  } else {
    for (let d = 0; d < table.dimensions; d++) {
      columns.push([{ name: `f${d}`, type: 'FLOAT', repetition_type: 'REQUIRED' }]);
    }
  }
  return [{ name: 'root', num_children: columns.length }, ...columns.flat()];
}

function checkRows(name: string, received: number, expected: number, shape: string): void {
  if (received === expected) return;
  throw new LikenessError(
    'tensor.shape',
    `"${name}" has ${received} values; expected ${expected} (${shape}), as many as ids.`,
  );
}
