/** The suite on one process and on worker threads, and the failures of threads. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { alone } from '../alone.ts';
import { expectPassed, PIECE, type RankResult, runSuite } from '../suite.cases.ts';
import { createThreadGroup } from './group.ts';
import { joinThreads, watchThreads } from './threads.ts';

const worker = new URL('../suite.worker.cases.ts', import.meta.url);

/** Results of the suite on a group of worker threads. */
async function runThreads(size: number): Promise<RankResult[]> {
  const group = createThreadGroup({ size, pieceBytes: PIECE * 4 });
  const workers = Array.from(
    { length: size },
    (_, rank) => new Worker(worker, { workerData: { group, rank } }),
  );
  watchThreads(group, workers);
  return Promise.all(workers.map(async (rank) => (await once(rank, 'message'))[0] as RankResult));
}

describe('the suite of collectives', () => {
  it('passes on one process', async () => {
    expectPassed([await runSuite(alone())], 1);
  });

  it.each([1, 2, 3, 4])('passes on %i ranks of one thread', async (size) => {
    const group = createThreadGroup({ size, pieceBytes: PIECE * 4 });
    const ranks = Array.from({ length: size }, (_, rank) => runSuite(joinThreads(group, rank)));
    expectPassed(await Promise.all(ranks), size);
  });

  it('passes on three worker threads', async () => {
    expectPassed(await runThreads(3), 3);
  });
});

describe('a group of threads', () => {
  it('adds in the order of ranks', async () => {
    const group = createThreadGroup({ size: 3 });
    // In float32 1 is lost beside 2^25, unless both large values are added before it.
    const own = [2 ** 25, 1, -(2 ** 25)];
    const found = await Promise.all(
      own.map(async (value, rank) => {
        const values = Float32Array.of(value);
        await joinThreads(group, rank).allReduce(values);
        return values[0];
      }),
    );
    expect(found).toEqual([0, 0, 0]);
  });

  it('ends with the reason of a rank that aborts', async () => {
    const group = createThreadGroup({ size: 2 });
    const [first, second] = [joinThreads(group, 0), joinThreads(group, 1)];
    const waiting = first.barrier();
    await second.abort(new Error('the folder is gone'));
    await expect(waiting).rejects.toThrow('rank 1 failed: the folder is gone');
    await expect(first.barrier()).rejects.toMatchObject({ code: 'collective.ended' });
    await expect(second.barrier()).rejects.toThrow('rank 1 failed: the folder is gone');
  });

  it.each([
    ['throws', `throw new Error('no memory')`, 'no memory'],
    ['exits', 'process.exit(3)', 'its thread ended with exit code 3'],
  ])('ends when the thread of a rank %s', async (_, code, reason) => {
    const group = createThreadGroup({ size: 2 });
    const waiting = joinThreads(group, 0).allReduce(new Float32Array(4));
    const failing = new Worker(code, { eval: true });
    const idle = new Worker('setInterval(() => {}, 1e6)', { eval: true });
    watchThreads(group, [idle, failing]);
    await expect(waiting).rejects.toThrow(reason);
    await idle.terminate();
  });

  it('refuses sizes and pieces that it cannot share', () => {
    expect(() => createThreadGroup({ size: 0 })).toThrow('received the size 0');
    expect(() => createThreadGroup({ size: 2, pieceBytes: 12 })).toThrow('pieces of 12 bytes');
  });
});
