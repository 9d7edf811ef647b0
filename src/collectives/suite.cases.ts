/**
 * The suite that all communicators pass. It runs on every rank, in a test, in worker threads and
 * in processes of MPI, and gives digests by which a test compares the bytes of ranks.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { CollectiveArray, Communicator, Reduction } from './communicator.ts';
import { gatherTexts } from './gatherTexts.ts';

/** Values that a transport moves at once in these tests: of 32 bits, and half as many of 64. */
export const PIECE = 16;

/** Result of one case on one rank. */
export interface CaseResult {
  name: string;
  /** Hash of the bytes that have to be equal on all ranks. */
  digest?: string;
  error?: string;
}
export interface RankResult {
  rank: number;
  size: number;
  cases: CaseResult[];
}

const types = { Float32Array, Float64Array, Int32Array };
type TypeName = keyof typeof types;
const typeNames = Object.keys(types) as TypeName[];
const reductions: Reduction[] = ['sum', 'max'];
/** None, one, odd, more than there are ranks, and more than one and three pieces. */
const lengths = [0, 1, 5, 53];

function arrayOf(type: TypeName, length: number, valueAt: (i: number) => number): CollectiveArray {
  const values: CollectiveArray = new types[type](length);
  for (let i = 0; i < length; i++) values[i] = valueAt(i);
  return values;
}

/** Values of a rank that every rank can compute: quarters, whose sums are exact. */
const valuesOf = (type: TypeName, rank: number, length: number): CollectiveArray =>
  arrayOf(type, length, (i) => {
    const value = ((7 * i + 13 * rank) % 29) - 14;
    return type === 'Int32Array' ? value * 1000 : value / 4;
  });

function reduced(type: TypeName, size: number, { length, reduction }: Expected): CollectiveArray {
  const all = Array.from({ length: size }, (_, rank) => valuesOf(type, rank, length));
  return arrayOf(type, length, (i) => {
    const column = all.map((values) => values[i]!);
    return reduction === 'max' ? Math.max(...column) : column.reduce((a, b) => a + b, 0);
  });
}
interface Expected {
  length: number;
  reduction: Reduction;
}

const digestOf = (values: CollectiveArray) =>
  createHash('sha1')
    .update(new Uint8Array(values.buffer, 0, values.byteLength))
    .digest('hex');

type Case = (communicator: Communicator) => Promise<CollectiveArray | undefined>;

/** Sentence with which a call is refused. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LikenessError, `received ${error}`);
  assert.match(error.code, /^collective\.(differs|invalid)$/);
  return error.message;
}

function makeCases(): Map<string, Case> {
  const cases = new Map<string, Case>();
  for (const type of typeNames) {
    for (const length of lengths) {
      for (const reduction of reductions) {
        cases.set(`allReduce ${reduction} of ${length} ${type}`, async ({ rank, size, ...c }) => {
          const values = valuesOf(type, rank, length);
          await c.allReduce(values, { reduction });
          assert.deepEqual(values, reduced(type, size, { length, reduction }));
          return values;
        });
        cases.set(`reduceScatter ${reduction} to ${length} ${type}`, async (c) => {
          const whole = { length: length * c.size, reduction };
          const own = await c.reduceScatter(valuesOf(type, c.rank, whole.length), { reduction });
          assert.deepEqual(
            own,
            reduced(type, c.size, whole).slice(c.rank * length, (c.rank + 1) * length),
          );
          return undefined;
        });
      }
      cases.set(`allGather of ${length} ${type}`, async ({ rank, size, ...c }) => {
        const own = valuesOf(type, rank, length);
        const all = await c.allGather(own);
        assert.deepEqual(
          all,
          types[type].from(
            Array.from({ length: size }, (_, i) => [...valuesOf(type, i, length)]).flat(),
          ),
        );
        assert.deepEqual(own, valuesOf(type, rank, length));
        return all;
      });
      cases.set(`broadcast of ${length} ${type}`, async ({ rank, size, ...c }) => {
        const values = valuesOf(type, rank, length);
        await c.broadcast(values, { root: size - 1 });
        assert.deepEqual(values, valuesOf(type, size - 1, length));
        return values;
      });
    }
  }
  cases.set('sums of random values are near the exact sum', async ({ rank, size, ...c }) => {
    const draw = (of: number) => {
      const random = randomAt(1, 'synthetic', of);
      return Float32Array.from({ length: 101 }, () => random.normal());
    };
    const values = draw(rank);
    await c.allReduce(values);
    const all = Array.from({ length: size }, (_, i) => draw(i));
    for (const [i, value] of values.entries()) {
      // Each of at most three additions rounds once, of values below 16.
      assert.ok(Math.abs(value - all.reduce((sum, x) => sum + x[i]!, 0)) < 3e-6);
    }
    return values;
  });
  cases.set('a sum of int32 wraps', async ({ rank, size, ...c }) => {
    const values = Int32Array.of(rank === 0 ? 2 ** 31 - 1 : 1);
    await c.allReduce(values);
    assert.equal(values[0], (2 ** 31 - 1 + size - 1) | 0);
    return values;
  });
  cases.set('a part of an array in shared memory is reduced in place', async (c) => {
    const whole = new Float32Array(new SharedArrayBuffer(4 * 8)).fill(1);
    await c.allReduce(whole.subarray(2, 5));
    const s = c.size;
    assert.deepEqual([...whole], [1, 1, s, s, s, 1, 1, 1]);
    return undefined;
  });
  cases.set('calls without waiting run in order', async ({ size, ...c }) => {
    const values = Float64Array.of(1);
    const done = [c.allReduce(values), c.barrier(), c.allReduce(values)];
    const all = await c.allGather(values);
    await Promise.all(done);
    assert.deepEqual(all, new Float64Array(size).fill(size * size));
    return all;
  });
  cases.set('texts of different lengths are gathered', async (c) => {
    const own = 'ä'.repeat(c.rank);
    assert.deepEqual(
      await gatherTexts(c, own),
      Array.from({ length: c.size }, (_, i) => 'ä'.repeat(i)),
    );
    return undefined;
  });
  cases.set('another length is refused on all ranks', async (c) => {
    if (c.size === 1) return undefined;
    const last = c.size - 1;
    const message = await refusal(c.allReduce(new Float32Array(c.rank === last ? 4 : 3)));
    assert.match(
      message,
      new RegExp(
        '^collective: received allReduce \\(sum\\) of 4 float32 values ' +
          `on rank ${last} \\([^)]+\\); ` +
          'expected allReduce \\(sum\\) of 3 float32 values as on rank 0 \\([^)]+\\)\\. Make the ' +
          'same calls in the same order on all ranks$',
      ),
    );
    return undefined;
  });
  cases.set('another type, reduction, root or call is refused on all ranks', async (c) => {
    if (c.size === 1) return undefined;
    const isOther = c.rank === 0;
    const [x, y] = [new Float32Array(3), new Int32Array(3)];
    assert.match(await refusal(c.allGather(isOther ? x : y)), /3 int32 .* 3 float32/);
    const reduction = isOther ? 'sum' : 'max';
    assert.match(await refusal(c.allReduce(x, { reduction })), /\(max\).*\(sum\)/);
    assert.match(await refusal(c.broadcast(x, { root: c.rank })), /from rank 1 .*from rank 0 /);
    assert.match(
      await refusal(isOther ? c.barrier() : c.allGather(x)),
      /received allGather of 3 float32 values .*expected barrier /,
    );
    return undefined;
  });
  cases.set('an invalid call of one rank is refused on all', async (c) => {
    const isInvalid = c.rank === c.size - 1;
    const values = (isInvalid ? [1, 2] : new Float32Array(2)) as Float32Array;
    assert.match(
      await refusal(c.allReduce(values)),
      isInvalid ? /received values of type Array; expected a Float32Array/ : /differs|other value/,
    );
    const root = isInvalid ? c.size : 0;
    assert.match(
      await refusal(c.broadcast(new Float32Array(1), { root })),
      isInvalid ? /received the root \d; expected a rank from 0 to \d/ : /rank/,
    );
    return undefined;
  });
  cases.set('parts that are not equal are refused', async (c) => {
    const values = new Float32Array(c.size + 1);
    if (c.size === 1) assert.deepEqual(await c.reduceScatter(values), values);
    else {
      assert.equal(
        await refusal(c.reduceScatter(values)),
        `reduceScatter: received ${c.size + 1} values; expected a multiple of ${c.size} ranks`,
      );
    }
    return undefined;
  });
  cases.set('the group goes on after refusals', async ({ rank, size, ...c }) => {
    const values = Int32Array.of(rank);
    await c.allReduce(values);
    assert.equal(values[0], (size * (size - 1)) / 2);
    return values;
  });
  cases.set('calls after the close are refused', async (c) => {
    await c.close();
    await assert.rejects(c.barrier(), /the communicator was closed/);
    return undefined;
  });
  return cases;
}

/** Runs all cases on one rank, and closes its communicator. */
export async function runSuite(communicator: Communicator): Promise<RankResult> {
  const { rank, size } = communicator;
  const cases: CaseResult[] = [];
  for (const [name, run] of makeCases()) {
    try {
      const values = await run(communicator);
      cases.push({ name, digest: values && digestOf(values) });
    } catch (error) {
      cases.push({ name, error: (error as Error).message });
    }
  }
  return { rank, size, cases };
}

/** Demands that no case failed on any rank, and that results have equal bytes on all. */
export function expectPassed(results: readonly RankResult[], size: number): void {
  assert.deepEqual(results.map(({ rank }) => rank).sort(), [...Array(size).keys()]);
  const [first] = results as [RankResult];
  assert.ok(first.cases.filter(({ digest }) => digest !== undefined).length > 50);
  for (const { rank, cases, size: found } of results) {
    assert.equal(found, size);
    const failed = cases.filter(({ error }) => error !== undefined);
    assert.deepEqual(failed, [], `rank ${rank}`);
    assert.deepEqual(cases, first.cases);
  }
}
