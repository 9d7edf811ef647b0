/**
 * Work over many rows in blocks of equal size, so that memory is bounded and one compiled graph
 * serves all blocks. The last block is padded with zero rows, whose results are to be ignored.
 */
import { inOrder } from '../core/inOrder.ts';
import type { Features } from './features.ts';

export interface Blocks {
  /** Rows per block. */
  readonly size: number;
  readonly number: number;
}

/** Values of the largest tensor of a block: 8 MiB as float32. */
const MAX_VALUES = 2 * 1024 * 1024;
const MAX_ROWS = 16_384;

/**
 * Cuts `count` rows into blocks of equal size, such that `size * width` is at most `maxValues`.
 * `width` is the widest row of any tensor in the graph.
 */
export function blocksOf(count: number, width: number, maxValues = MAX_VALUES): Blocks {
  const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(maxValues / width)));
  const number = Math.max(1, Math.ceil(count / most));
  return { size: Math.max(1, Math.ceil(count / number)), number };
}

/** Values and rows of a batch that is gathered by row index. */
const MAX_GATHERED_VALUES = 2 ** 19;
const MAX_GATHERED_ROWS = 4096;

/** Rows of this dimension to gather by index in one batch, at most `max`. */
export function gatherSize(dimension: number, max: number): number {
  return Math.max(1, Math.min(MAX_GATHERED_ROWS, max, Math.floor(MAX_GATHERED_VALUES / dimension)));
}

export interface Block {
  /** Index of the first row. */
  readonly start: number;
  /** Rows without the padding. */
  readonly rows: number;
  /** `[size, dimension]`; a copy, or a view of rows in shared memory. */
  readonly data: Float32Array;
}

/** Copies one block of rows, padded with zero rows. */
export function blockAt(features: Features, { size }: Blocks, index: number): Block {
  const { data, count, dimension } = features;
  const start = index * size;
  const rows = Math.max(0, Math.min(size, count - start));
  const copy = new Float32Array(size * dimension);
  copy.set(data.subarray(start * dimension, (start + rows) * dimension));
  return { start, rows, data: copy };
}

/** Blocks that are queued for the engine, so that it never waits for the calling thread. */
export const MAX_AHEAD = 3;

/**
 * Yields the result of `run` for each block, in order.
 *
 * `run` must not change the block's data, but may transfer it to the engine. Full blocks of rows in
 * shared memory are not copied.
 */
export async function* runBlocks<T>(
  features: Features,
  blocks: Blocks,
  run: (block: Block) => Promise<T>,
): AsyncGenerator<{ start: number; rows: number; result: T }> {
  const work = async (index: number) => {
    const block = sharedBlockAt(features, blocks, index) ?? blockAt(features, blocks, index);
    const { start, rows } = block;
    return { start, rows, result: await run(block) };
  };
  yield* inOrder(blocks.number, work, { ahead: MAX_AHEAD });
}

function sharedBlockAt(
  { data, count, dimension }: Features,
  { size }: Blocks,
  index: number,
): Block | undefined {
  const start = index * size;
  if (!(data.buffer instanceof SharedArrayBuffer) || start + size > count) return undefined;
  return { start, rows: size, data: data.subarray(start * dimension, (start + size) * dimension) };
}
