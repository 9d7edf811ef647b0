/** Training on several ranks: the weights of one, and what the ranks decide together. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { expectEqualTraining, trainRanks } from './ranks.cases.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

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
