import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { encodeParquet } from './parquet.ts';

const table = {
  ids: ['a/1.png', 'b, "2".png', '猫.png'],
  features: Float32Array.of(0.1, -2, 3, 4.5, 1e-30, 6),
  dimensions: 2,
  labels: Int32Array.of(3, -1, 0),
  clusters: Int32Array.of(0, 1, 1),
};
const read = (bytes: Uint8Array) =>
  parquetReadObjects({ file: bytes.slice().buffer as ArrayBuffer });

// The reader is hyparquet, an independent implementation of the format's reading side.
describe('parquet', () => {
  it('stores the feature as one list column', async () => {
    expect(await read(encodeParquet(table))).toEqual([
      { id: 'a/1.png', label: 3, cluster: 0, embedding: [Math.fround(0.1), -2] },
      { id: 'b, "2".png', label: null, cluster: 1, embedding: [3, 4.5] },
      { id: '猫.png', label: 0, cluster: 1, embedding: [Math.fround(1e-30), 6] },
    ]);
  });

  it('stores the feature as one column per dimension', async () => {
    const rows = await read(
      encodeParquet(
        { ids: table.ids, features: table.features, dimensions: 2 },
        { layout: 'columns' },
      ),
    );
    expect(rows[1]).toEqual({ id: 'b, "2".png', f0: 3, f1: 4.5 });
  });

  it('carries the names of labels', async () => {
    const rows = await read(encodeParquet({ ...table, labelNames: ['cat', 'x', 'y', 'dog'] }));
    expect(rows.map(({ label, label_name }) => [label, label_name])).toEqual([
      [3, 'dog'],
      [null, null],
      [0, 'cat'],
    ]);
  });

  it('splits large tables into row groups without losing rows', async () => {
    const N = 2100;
    const D = 1000;
    const ids = Array.from({ length: N }, (_, i) => `${i}.png`);
    const features = Float32Array.from({ length: N * D }, (_, i) => i % 8191);
    const bytes = encodeParquet({ ids, features, dimensions: D });
    expect(parquetMetadata(bytes.slice().buffer as ArrayBuffer).row_groups.length).toBe(2);
    const rows = await parquetReadObjects({
      file: bytes.slice().buffer as ArrayBuffer,
      rowStart: 1998,
      rowEnd: 2003,
    });
    expect(rows.map((row) => row.id)).toEqual(ids.slice(1998, 2003));
    expect(rows[4]!.embedding).toEqual([...features.subarray(2002 * D, 2003 * D)]);
  });

  it('gives the same bytes each time, and refuses rows that do not match', async () => {
    expect(encodeParquet(table)).toEqual(encodeParquet(table));
    expect(
      await read(encodeParquet({ ids: [], features: new Float32Array(), dimensions: 4 })),
    ).toEqual([]);
    expect(() => encodeParquet({ ...table, dimensions: 3 })).toThrow(
      '"features" has 6 values; expected 9 (3 x 3)',
    );
    expect(() => encodeParquet({ ...table, labels: new Int32Array(2) })).toThrow(
      '"labels" has 2 values',
    );
  });
});
