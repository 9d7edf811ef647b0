/**
 * Work over many rows in equal blocks, so that memory is bounded and one compiled graph serves all of them.
 *
 * The last block is filled up with zero rows, whose results are to be ignored.
 */
import { inOrder } from '../core/inOrder.ts';
import type { Features } from './features.ts';

export interface Blocks {
  /** Rows per block. */
  readonly size: number;
  readonly number: number;
}

/** Values of one block's largest tensor: 8 MiB as float32. */
const LARGEST_TENSOR = 2 * 1024 * 1024;

/**
 * Cuts `count` rows into blocks of equal size such that `size * width` stays bounded by `largest`, where `width` is the
 * widest row of any tensor in the graph.
 */
export function blocksOf(count: number, width: number, largest = LARGEST_TENSOR): Blocks {
  const most = Math.max(1, Math.min(16_384, Math.floor(largest / width)));
  const number = Math.max(1, Math.ceil(count / most));
  return { size: Math.max(1, Math.ceil(count / number)), number };
}

/** Values of rows that are chosen by their numbers, and the most rows. */
const CHOSEN_VALUES = 2 ** 19;
const MOST_CHOSEN = 4096;

/** Rows of so many values that are chosen by their numbers at once, at most `most` of them. */
export function chosenAtOnce(dimension: number, most: number): number {
  return Math.max(1, Math.min(MOST_CHOSEN, most, Math.floor(CHOSEN_VALUES / dimension)));
}

export interface Block {
  /** First row, and how many rows of the block are real. */
  readonly start: number;
  readonly rows: number;
  /** `[size, dimension]`; a copy, or a view of rows in shared memory. */
  readonly data: Float32Array;
}

/** One block of rows, copied, zero rows at the end where the rows run out. */
export function blockAt(features: Features, { size }: Blocks, index: number): Block {
  const { data, count, dimension } = features;
  const start = index * size;
  const rows = Math.max(0, Math.min(size, count - start));
  const copy = new Float32Array(size * dimension);
  copy.set(data.subarray(start * dimension, (start + rows) * dimension));
  return { start, rows, data: copy };
}

/** Blocks that wait for the engine while one is worked on: the thread that asks is never waited for. */
export const AHEAD = 3;

/**
 * What `run` gives for each block, in order; the block's data is only read, and may be handed over to the engine. Full blocks of rows
 * in shared memory are not copied.
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
  yield* inOrder(blocks.number, work, { ahead: AHEAD });
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
