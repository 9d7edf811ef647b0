/**
 * Features that are read in parts, so that they need not fit in memory.
 *
 * Functions that pass over all rows take `Features | Rows`: an array in memory, or any reader of
 * row ranges.
 */
import { type Block, type Blocks, blocksOf } from './blocks.ts';
import { type Features, normalizeRows } from './features.ts';

export interface Rows {
  readonly count: number;
  readonly dimension: number;
  /** Reads rows `start` to `start + rows - 1`, `[rows, dimension]`, into an array of the caller. */
  read(start: number, rows: number): Promise<Float32Array>;
}

/** Wraps features in memory as a reader. */
export function rowsOf(features: Features | Rows): Rows {
  if ('read' in features) return features;
  const { data, count, dimension } = features;
  return {
    count,
    dimension,
    read: async (start, rows) => data.slice(start * dimension, (start + rows) * dimension),
  };
}

/** Normalizes rows as they are read. Zero rows stay zero. */
export function unitRows(features: Features | Rows): Rows {
  const stored = rowsOf(features);
  const { count, dimension } = stored;
  return {
    count,
    dimension,
    async read(start, rows) {
      const data = await stored.read(start, rows);
      return normalizeRows({ data, count: rows, dimension }, data).data;
    },
  };
}

/** Yields all rows in order, in blocks of equal size except for the last, `[rows, dimension]`. */
export async function* partsOf(
  features: Features | Rows,
  { size, number }: Blocks = blocksOf(features.count, features.dimension),
): AsyncGenerator<Block> {
  const stored = rowsOf(features);
  for (let i = 0; i < number; i++) {
    const start = i * size;
    const rows = Math.max(0, Math.min(size, stored.count - start));
    yield { start, rows, data: await stored.read(start, rows) };
  }
}

/** Yields all rows in order, the last block padded with zero rows, `[size, dimension]`. */
export async function* paddedBlocksOf(
  features: Features | Rows,
  blocks: Blocks,
): AsyncGenerator<Block> {
  const length = blocks.size * features.dimension;
  for await (const part of partsOf(features, blocks)) {
    const data = part.data.length === length ? part.data : new Float32Array(length);
    if (data !== part.data) data.set(part.data);
    yield { ...part, data };
  }
}

/** Computes the mean of each column, `[D]`. */
export async function meansOf(features: Features | Rows): Promise<Float64Array> {
  const { count, dimension } = features;
  const sums = new Float64Array(dimension);
  for await (const { data } of partsOf(features)) {
    for (let i = 0; i < data.length; i += dimension) {
      for (let d = 0; d < dimension; d++) sums[d]! += data[i + d]!;
    }
  }
  return sums.map((sum) => sum / count);
}

/** Reads the rows at the given indices, in their order. */
export async function pickRows(
  features: Features | Rows,
  indices: ArrayLike<number>,
): Promise<Features> {
  const stored = rowsOf(features);
  const { dimension } = stored;
  const data = new Float32Array(indices.length * dimension);
  for (let i = 0; i < indices.length; i++)
    data.set(await stored.read(indices[i]!, 1), i * dimension);
  return { data, count: indices.length, dimension };
}

/** Reads all rows. */
export async function allRows(features: Features | Rows): Promise<Features> {
  const { count, dimension } = features;
  const data = new Float32Array(count * dimension);
  for await (const part of partsOf(features)) data.set(part.data, part.start * dimension);
  return { data, count, dimension };
}
