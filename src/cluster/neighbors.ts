/**
 * Exact nearest neighbours by cosine similarity, on the engine.
 *
 * Queries and bank go through one compiled graph in blocks (`similarity = q bᵀ`, then the k largest), so memory
 * stays bounded whatever the sizes. Equal similarities are ordered by lower index: the result is deterministic.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { input, rowProducts, topK } from '../tensor/index.ts';
import { blockAt, blocksOf, runBlocks } from './blocks.ts';
import { type Features, normalizeRows, requireSameDimension } from './features.ts';

export interface NeighborOptions {
  /** Neighbours per query. */
  k: number;
  /** `'self'`: queries are the bank itself, and no row is its own neighbour. */
  exclude?: 'nothing' | 'self';
  /** Rows of the bank per product: 65,536, or as many as take 64 MiB. */
  bankBlock?: number;
}

export interface Neighbors {
  readonly k: number;
  /** `[queries, k]`, rows of the bank, the nearest first. */
  readonly indices: Int32Array;
  /** `[queries, k]`, cosines from -1 to 1. */
  readonly similarities: Float32Array;
}

/**
 * A search for the k largest values costs about as much for many columns as for few, so the bank is cut into few parts: values of
 * a part, rows of it, and similarities made at once.
 */
const PART_VALUES = 2 ** 24;
const PART_ROWS = 2 ** 16;
const SIMILARITIES = 2 ** 23;
/** Pushes the zero rows that fill the last block of the bank behind every real one: below any cosine. */
const BEHIND = -4;

/**
 * The k rows of `bank` most similar to each row of `queries`.
 *
 * Throws when k is not between 1 and the size of the bank (less one when a row's self is excluded).
 */
export async function nearestNeighbors(
  engine: Engine,
  queries: Features,
  bank: Features,
  { k, exclude = 'nothing', bankBlock = largestPart(bank.dimension) }: NeighborOptions,
): Promise<Neighbors> {
  requireSameDimension('neighbours', queries, bank);
  const most = exclude === 'self' ? bank.count - 1 : bank.count;
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new LikenessError(
      'neighbours.k',
      `neighbours: received k = ${k} for a bank of ${bank.count} rows; expected 1 to ${most}`,
    );
  }
  const wanted = exclude === 'self' ? k + 1 : k;
  const { dimension } = bank;
  const parts = Math.ceil(bank.count / bankBlock);
  const bankBlocks = { number: parts, size: Math.ceil(bank.count / parts) };
  const perBlock = Math.min(wanted, bankBlocks.size);
  const queryBlocks = blocksOf(queries.count, Math.max(bankBlocks.size, dimension), SIMILARITIES);

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
        offset: new Float32Array(bankBlocks.size).fill(BEHIND, rows.rows),
      });
      // Lists are merged while later queries are scored.
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
      }
    }
  } finally {
    await exe.dispose();
  }
  return exclude === 'self'
    ? withoutSelf(found, cosines, queries.count, k)
    : { k, indices: found, similarities: cosines };
}

function largestPart(dimension: number): number {
  return Math.max(1, Math.min(PART_ROWS, Math.floor(PART_VALUES / dimension)));
}

/** Merges a sorted list of a later block into the sorted list so far; on a tie the earlier (lower) index stays first. */
function merge(
  indices: Int32Array,
  values: Float32Array,
  newIndices: Int32Array,
  newValues: Float32Array,
  start: number,
): void {
  const keptIndices = indices.slice();
  const keptValues = values.slice();
  let a = 0;
  let b = 0;
  for (let i = 0; i < indices.length; i++) {
    const takeNew = b < newValues.length && newValues[b]! > keptValues[a]!;
    indices[i] = takeNew ? start + newIndices[b]! : keptIndices[a]!;
    values[i] = takeNew ? newValues[b++]! : keptValues[a++]!;
  }
}

/** Drops each row's own index, or, where ties have pushed it out of the list, the last entry. */
function withoutSelf(found: Int32Array, cosines: Float32Array, count: number, k: number): Neighbors {
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
