/**
 * Exact nearest neighbors by cosine similarity, on the engine.
 *
 * One compiled graph processes queries and bank in blocks (`similarity = q bᵀ`, then the k
 * largest), so that memory stays bounded. Equal similarities are ordered by index, which makes the
 * result deterministic.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { callback, checkedLater, oneOf, optionCheck, wholeNumber } from '../core/options.ts';
import { input, rowProducts, topK } from '../tensor/index.ts';
import { blockAt, blocksOf, runBlocks } from './blocks.ts';
import { type Features, normalizeRows, requireSameDimension } from './features.ts';

export interface NeighborOptions {
  /** Neighbors per query. */
  k: number;
  /**
   * With `'self'` the queries are the bank, and no row is its own neighbor. Default `'nothing'`.
   */
  exclude?: 'nothing' | 'self';
  /** Rows of the bank per product. Default 65,536 or the number that fits 64 MiB. */
  bankBlock?: number;
  /** Receives the number of finished queries, counted once for each block of the bank. */
  onProgress?: (done: number, of: number) => void;
}

const checkNeighbors = optionCheck<NeighborOptions>({
  k: checkedLater,
  exclude: oneOf(['nothing', 'self']),
  bankBlock: wholeNumber(1),
  onProgress: callback,
});

export interface Neighbors {
  readonly k: number;
  /** `[queries, k]`, row indices of the bank, nearest first. */
  readonly indices: Int32Array;
  /** `[queries, k]`, cosines from -1 to 1. */
  readonly similarities: Float32Array;
}

/**
 * Limits of a block of the bank, and of the similarities of one product. Blocks are large, because
 * the search for the k largest values hardly depends on the number of columns.
 */
const MAX_BANK_VALUES = 2 ** 24;
const MAX_BANK_ROWS = 2 ** 16;
const MAX_SIMILARITIES = 2 ** 23;
/** Offset of the padding rows of the bank, below any cosine. */
const PADDING_OFFSET = -4;

/**
 * Finds the k rows of `bank` that are most similar to each row of `queries`.
 *
 * Throws `LikenessError` when k is not an integer from 1 to the rows of the bank, or one less when
 * a row's self is excluded.
 */
export async function nearestNeighbors(
  engine: Engine,
  queries: Features,
  bank: Features,
  options: NeighborOptions,
): Promise<Neighbors> {
  checkNeighbors(options);
  const { k, exclude = 'nothing', bankBlock = bankRows(bank.dimension), onProgress } = options;
  requireSameDimension('neighbors', queries, bank);
  const most = exclude === 'self' ? bank.count - 1 : bank.count;
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new LikenessError(
      'neighbors.k',
      `neighbors: received k = ${k} for a bank of ${bank.count} rows; expected 1 to ${most}`,
    );
  }
  const wanted = exclude === 'self' ? k + 1 : k;
  const { dimension } = bank;
  const parts = Math.ceil(bank.count / bankBlock);
  const bankBlocks = { number: parts, size: Math.ceil(bank.count / parts) };
  const perBlock = Math.min(wanted, bankBlocks.size);
  const queryBlocks = blocksOf(
    queries.count,
    Math.max(bankBlocks.size, dimension),
    MAX_SIMILARITIES,
  );

  const q = input('q', [queryBlocks.size, dimension]);
  const b = input('b', [bankBlocks.size, dimension]);
  const offset = input('offset', [bankBlocks.size]);
  const { values, indices } = topK(rowProducts(q, b, offset), { k: perBlock });
  const exe = await engine.compile({
    outputs: { values, indices },
    state: [{ current: b }, { current: offset }],
  });

  const found = new Int32Array(queries.count * wanted).fill(-1);
  const cosines = new Float32Array(queries.count * wanted).fill(-Infinity);
  try {
    const unitQueries = normalizeRows(queries);
    const unitBank = queries === bank ? unitQueries : normalizeRows(bank);
    for (let part = 0; part < bankBlocks.number; part++) {
      const rows = blockAt(unitBank, bankBlocks, part);
      await exe.writeState({
        b: rows.data,
        offset: new Float32Array(bankBlocks.size).fill(PADDING_OFFSET, rows.rows),
      });
      // This thread merges lists while the engine scores later queries.
      const scored = runBlocks(unitQueries, queryBlocks, ({ data }) =>
        exe.run({ q: data }, { transfer: true }),
      );
      for await (const { start, rows: queriesHere, result } of scored) {
        for (let row = 0; row < queriesHere; row++) {
          const here = row * perBlock;
          merge(
            found.subarray((start + row) * wanted, (start + row + 1) * wanted),
            cosines.subarray((start + row) * wanted, (start + row + 1) * wanted),
            result.indices!.subarray(here, here + perBlock) as Int32Array,
            result.values!.subarray(here, here + perBlock) as Float32Array,
            rows.start,
          );
        }
        const done = part * queries.count + start + queriesHere;
        onProgress?.(done, bankBlocks.number * queries.count);
      }
    }
  } finally {
    await exe.dispose();
  }
  return exclude === 'self'
    ? withoutSelf(found, cosines, queries.count, k)
    : { k, indices: found, similarities: cosines };
}

function bankRows(dimension: number): number {
  return Math.max(1, Math.min(MAX_BANK_ROWS, Math.floor(MAX_BANK_VALUES / dimension)));
}

/** Merges the sorted list of a later block into the list so far; the lower index wins ties. */
function merge(
  indices: Int32Array,
  values: Float32Array,
  newIndices: Int32Array,
  newValues: Float32Array,
  start: number,
): void {
  const oldIndices = indices.slice();
  const oldValues = values.slice();
  let a = 0;
  let b = 0;
  for (let i = 0; i < indices.length; i++) {
    const takeNew = b < newValues.length && newValues[b]! > oldValues[a]!;
    indices[i] = takeNew ? start + newIndices[b]! : oldIndices[a]!;
    values[i] = takeNew ? newValues[b++]! : oldValues[a++]!;
  }
}

/** Removes each row's own index, or the last entry where ties have pushed it out of the list. */
function withoutSelf(
  found: Int32Array,
  cosines: Float32Array,
  count: number,
  k: number,
): Neighbors {
  const indices = new Int32Array(count * k);
  const similarities = new Float32Array(count * k);
  for (let row = 0; row < count; row++) {
    let to = row * k;
    for (let i = row * (k + 1); i < (row + 1) * (k + 1) && to < (row + 1) * k; i++) {
      if (found[i] === row) continue;
      indices[to] = found[i]!;
      similarities[to++] = cosines[i]!;
    }
  }
  return { k, indices, similarities };
}
