/** Training on several ranks: the weights of one, and what the ranks decide together. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { featuresOf } from '../cluster/index.ts';
import {
  type Communicator,
  createThreadGroup,
  joinThreads,
  runRank,
} from '../collectives/index.ts';
import { expectEqualTraining, trainRanks } from './ranks.cases.ts';
import { ENDED, type Part, rowsOfRanks } from './ranks.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

describe('rows of all images', () => {
  const D = 3;
  const rowsOf = ({ from, to }: Part) =>
    featuresOf(
      Float32Array.from({ length: (to - from) * D }, (_, i) => from * D + i),
      D,
    );
  const onRanks = <T>(size: number, work: (communicator: Communicator) => Promise<T>) => {
    const group = createThreadGroup({ size });
    return Promise.all(
      Array.from({ length: size }, (_, rank) => runRank(joinThreads(group, rank), work)),
    );
  };

  it.each([
    [1, 10, 4],
    [2, 10, 4],
    // The third rank has no rows left.
    [3, 7, 4],
    [3, 100, 7],
  ])('are computed once on %i ranks: %i rows in batches of %i', async (ranks, count, batchSize) => {
    const asked: Part[] = [];
    const found = await onRanks(ranks, (communicator) =>
      rowsOfRanks({ communicator, count, batchSize }, async (part) => {
        asked.push(part);
        return rowsOf(part);
      }),
    );
    for (const rows of found) expect(rows).toEqual(rowsOf({ from: 0, to: count }));
    expect(asked.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(count);
    expect(asked.every(({ from }) => from % batchSize === 0)).toBe(true);
  });

  it('end on all ranks where one ends', async () => {
    const ending = new AbortController();
    const errors = await onRanks(2, (communicator) =>
      rowsOfRanks(
        {
          communicator,
          count: 8,
          batchSize: 2,
          ...(communicator.rank === 1 && { signal: ending.signal }),
        },
        async (part) => {
          if (communicator.rank === 0) return rowsOf(part);
          ending.abort(new Error('enough'));
          throw ending.signal.reason;
        },
      ).catch((error: unknown) => error),
    );
    for (const error of errors) expect(error).toMatchObject({ code: ENDED });
  });
});

describe('two ranks', () => {
  it.each(['simclr', 'byol'])('train %s as one does', (method) =>
    expectEqualTraining(backend, { method }, 2),
  );

  it('have equal weights, also with statistics of their own', async () => {
    const [a, b] = await trainRanks(backend, { method: 'simclr', batchNorm: 'own', steps: 6 }, 2);
    expect(b!.state).toEqual(a!.state);
    expect(b!.doctor).toEqual(a!.doctor);
  });

  it('end together when one of them is asked to, and go on as if they had not', async () => {
    const run = { method: 'simclr', steps: 7 };
    const ending = new AbortController();
    const stopped = await trainRanks(backend, run, 2, (rank) => ({
      ...(rank === 1 && { signal: ending.signal }),
      onEvent: (event) => {
        if (rank === 1 && event.kind === 'step' && event.step === 3) ending.abort();
      },
    }));
    expect(stopped.map(({ step }) => step)).toEqual([3, 3]);
    const resumed = await trainRanks(backend, run, 2, (rank) => ({ from: stopped[rank]! }));
    const whole = await trainRanks(backend, run, 2);
    expect(resumed[0]!.state).toEqual(whole[0]!.state);
  });

  it('end together in the work before an epoch, which is repeated', async () => {
    // The second epoch begins with step 5; prototypes are found before it.
    const run = { method: 'pcl', settings: { clusterWarmupEpochs: 1 }, steps: 8 };
    const ending = new AbortController();
    const ended = await trainRanks(backend, run, 2, (rank) => ({
      ...(rank === 1 && { signal: ending.signal }),
      onEvent: (event) => {
        if (rank === 1 && event.kind === 'phase-progress') ending.abort();
      },
    }));
    expect(ended.map(({ step }) => step)).toEqual([5, 5]);
    expect(ended[1]!.state).toEqual(ended[0]!.state);
    const resumed = await trainRanks(backend, run, 2, (rank) => ({ from: ended[rank]! }));
    const whole = await trainRanks(backend, run, 2);
    expect(resumed[0]!.state).toEqual(whole[0]!.state);
  });

  it('take the schedule of rank 0, whatever their own clocks say', async () => {
    const states = await trainRanks(backend, { method: 'simclr', steps: 200 }, 2, (rank) => {
      let milliseconds = 0;
      // Rank 1 finds itself ten times as fast.
      const now = () => {
        milliseconds += rank === 0 ? 100 : 10;
        return milliseconds;
      };
      return { now, budget: { minutes: 0.25 } };
    });
    expect(states[0]!.totalSteps).toBeLessThan(200);
    expect(states.map(({ step }) => step)).toEqual([states[0]!.totalSteps, states[0]!.totalSteps]);
  });
});
