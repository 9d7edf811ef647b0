/**
 * Features as Apache Parquet: one row per image with `id`, `label`, `cluster` and the feature.
 *
 * The feature is either one list column `embedding` (three-level LIST of required floats, as pandas, DuckDB, Polars
 * and Arrow read it) or one float column per dimension, `f0` to `f{D-1}`.
 */
import type { SchemaElement } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { LikenessError } from '../core/errors.ts';

export interface EmbeddingTable {
  /** [N], for example paths relative to the source. */
  readonly ids: readonly string[];
  /** [N, D] row-major. */
  readonly features: Float32Array;
  /** D. */
  readonly dimensions: number;
  /** [N]; negative means unlabelled and becomes null. */
  readonly labels?: Int32Array;
  /** [N]. */
  readonly clusters?: Int32Array;
}

export interface ParquetOptions {
  /** `list`: one column `embedding`; `columns`: `f0` to `f{D-1}`. Default `list`. */
  readonly layout?: 'list' | 'columns';
}

/** Numbers per row group: bounds the memory that the writer's level arrays need to about 100 MB. */
const VALUES_PER_GROUP = 2_000_000;

/**
 * The bytes of a Parquet file with one row per image.
 *
 * @throws LikenessError `tensor.shape` when ids, features, labels and clusters do not have N rows each.
 */
export function encodeParquet(table: EmbeddingTable, { layout = 'list' }: ParquetOptions = {}): Uint8Array {
  const { ids, features, dimensions: D, labels, clusters } = table;
  const N = ids.length;
  checkRows('features', features.length, N * D, `${N} x ${D}`);
  if (labels) checkRows('labels', labels.length, N, String(N));
  if (clusters) checkRows('clusters', clusters.length, N, String(N));

  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: schemaOf(table, layout), createdBy: 'likeness' });
  const groupRows = Math.max(1, Math.floor(VALUES_PER_GROUP / Math.max(1, D)));
  for (let start = 0; start < N; start += groupRows) {
    const rows = Math.min(groupRows, N - start);
    const at = (row: number, d: number) => features[(start + row) * D + d]!;
    const columnData: { name: string; data: unknown[] | Float32Array | Int32Array }[] = [
      { name: 'id', data: ids.slice(start, start + rows) },
    ];
    if (labels) {
      columnData.push({
        name: 'label',
        data: Array.from(labels.subarray(start, start + rows), (label) => (label < 0 ? null : label)),
      });
    }
    if (clusters) columnData.push({ name: 'cluster', data: clusters.slice(start, start + rows) });
    if (layout === 'list') {
      const data = Array.from({ length: rows }, (_, row) =>
        Array.from(features.subarray((start + row) * D, (start + row + 1) * D)),
      );
      columnData.push({ name: 'embedding', data });
    } else {
      for (let d = 0; d < D; d++) {
        columnData.push({ name: `f${d}`, data: Float32Array.from({ length: rows }, (_, row) => at(row, d)) });
      }
    }
    parquet.write({ columnData, rowGroupSize: rows });
  }
  parquet.finish();
  return new Uint8Array(writer.getBuffer());
}

function schemaOf(table: EmbeddingTable, layout: 'list' | 'columns'): SchemaElement[] {
  const columns: SchemaElement[][] = [
    [{ name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }],
  ];
  if (table.labels) columns.push([{ name: 'label', type: 'INT32', repetition_type: 'OPTIONAL' }]);
  if (table.clusters) columns.push([{ name: 'cluster', type: 'INT32', repetition_type: 'REQUIRED' }]);
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
    `"${name}" has ${received} values; ${expected} (${shape}) were expected from the number of ids.`,
  );
}
