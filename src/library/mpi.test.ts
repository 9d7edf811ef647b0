import { describe, expect, it } from 'vitest';
import { differencesOf, inspectMpi, type MpiRank, overloadsOf } from './mpi.ts';

const rank = (given: Partial<MpiRank>): MpiRank => ({
  ...{ rank: 0, host: 'a', threads: 1, cores: 2, version: '0.1.0', node: '24.1.0' },
  ...given,
});

describe('differencesOf', () => {
  it('is empty for equal versions', () => {
    expect(differencesOf([rank({}), rank({ rank: 1, host: 'b', cores: 8 })])).toEqual([]);
  });
  it('names the first rank with other versions', () => {
    expect(differencesOf([rank({}), rank({ rank: 1, host: 'b', version: '0.0.9' })])).toEqual([
      'ranks: received likeness 0.0.9 on Node 24.1.0 on rank 1 (b); expected likeness 0.1.0 on ' +
        'Node 24.1.0 as on rank 0 (a). Install the same versions everywhere',
    ]);
  });
});

describe('overloadsOf', () => {
  it('is empty where every host has a core per thread', () => {
    expect(overloadsOf([rank({}), rank({ rank: 1 })])).toEqual([]);
    expect(overloadsOf([rank({ threads: 2 }), rank({ threads: 2, host: 'b' })])).toEqual([]);
  });
  it('names hosts with more threads than cores', () => {
    const onA = rank({ threads: 2 });
    expect(overloadsOf([onA, rank({ rank: 1, threads: 2 }), rank({ rank: 2, host: 'b' })])).toEqual(
      [
        'ranks: received 4 threads of 2 ranks on a; expected at most 2 for its 2 cores. Start ' +
          'fewer ranks, or have the launcher bind each to cores of its own',
      ],
    );
  });
});

describe('inspectMpi', () => {
  it('finds this process as the only rank where no launcher has started it', async () => {
    const { rank: own, ranks, launcher } = await inspectMpi();
    expect([own, launcher, ranks.length]).toEqual([0, null, 1]);
    expect(ranks[0]).toMatchObject({ rank: 0, node: process.versions.node });
  });
});
